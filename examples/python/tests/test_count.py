import pathlib
import unittest

from textstat import count


class CountTest(unittest.TestCase):
    def test_words_are_counted_whatever_their_case(self):
        self.assertEqual(count.words("The box, the step. THE end!")["the"], 3)

    def test_equally_common_words_are_sorted(self):
        self.assertEqual(count.most_common("b a c a", 2), [("a", 2), ("b", 1)])

    def test_a_cache_in_the_home_works(self):
        # By the user database, as expanduser does without HOME.
        cache = pathlib.Path("~").expanduser() / ".cache" / "textstat"
        cache.mkdir(parents=True, exist_ok=True)
        (cache / "seen").write_text("the\n")
        self.assertEqual((cache / "seen").read_text(), "the\n")


if __name__ == "__main__":
    unittest.main()
