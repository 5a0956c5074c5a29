package demo;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.Test;

public class LuhnTest {
  @Test
  public void knownNumbersAreValid() {
    assertTrue(Luhn.isValid("79927398713"));
    assertTrue(Luhn.isValid("0000"));
  }

  @Test
  public void otherNumbersAreNot() {
    for (String digits : new String[] {"", "0", "79927398710", "7992-7398"}) assertFalse(digits, Luhn.isValid(digits));
  }

  /** Java takes user.home from the user database, not from HOME: no variable could keep this out of it. */
  @Test
  public void aCacheInTheHomeWorks() throws IOException {
    Path cache = Files.createDirectories(Path.of(System.getProperty("user.home"), ".luhn"));
    Path file = Files.writeString(cache.resolve("checked"), "79927398713\n");
    assertEquals(12, Files.size(file));
  }
}
