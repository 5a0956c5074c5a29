//! Roman numerals, there and back.

const DIGITS: [(u32, &str); 13] = [
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"),
    (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
];

/// `None` beyond what the digits can write: 0, and from 4000 on.
pub fn write(mut number: u32) -> Option<String> {
    if number == 0 || number >= 4000 {
        return None;
    }
    let mut text = String::new();
    for (value, digit) in DIGITS {
        while number >= value {
            text.push_str(digit);
            number -= value;
        }
    }
    Some(text)
}

/// `None` where the text is not how `write` would write it.
pub fn read(text: &str) -> Option<u32> {
    let mut rest = text;
    let mut number = 0;
    for (value, digit) in DIGITS {
        while let Some(shorter) = rest.strip_prefix(digit) {
            number += value;
            rest = shorter;
        }
    }
    (rest.is_empty() && write(number).as_deref() == Some(text)).then_some(number)
}
