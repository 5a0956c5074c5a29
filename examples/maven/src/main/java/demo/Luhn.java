package demo;

/** The check digit of card numbers (Luhn's formula). */
public final class Luhn {
  private Luhn() {}

  public static boolean isValid(String digits) {
    if (digits.length() < 2 || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) return false;
    int sum = 0;
    for (int i = 0; i < digits.length(); i++) {
      int digit = digits.charAt(digits.length() - 1 - i) - '0';
      if (i % 2 == 1) digit = digit > 4 ? 2 * digit - 9 : 2 * digit;
      sum += digit;
    }
    return sum % 10 == 0;
  }

  public static void main(String[] numbers) {
    for (String number : numbers) System.out.println(number + (isValid(number) ? " is valid" : " is not valid"));
  }
}
