//! Reads years, one a line, and prints each in Roman numerals, or from them.

use std::io::BufRead;

fn convert(line: &str) -> Option<String> {
    match line.parse() {
        Ok(number) => roman::write(number),
        Err(_) => roman::read(line).map(|number| number.to_string()),
    }
}

fn main() {
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        match convert(line.trim()) {
            Some(text) => println!("{text}"),
            None => eprintln!("years: {line:?} is no year"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::convert;

    #[test]
    fn every_year_comes_back() {
        for year in 1..4000u32 {
            let text = convert(&year.to_string()).unwrap();
            assert_eq!(convert(&text), Some(year.to_string()));
        }
    }

    #[test]
    fn what_is_no_numeral_is_refused() {
        for text in ["", "0", "4000", "IIII", "VX", "abc"] {
            assert_eq!(convert(text), None, "{text:?}");
        }
    }
}
