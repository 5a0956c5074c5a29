import collections
import re


def words(text):
    """The words of a text, lower case, with how often each is there."""
    return collections.Counter(re.findall(r"[^\W\d_]+", text.lower()))


def most_common(text, count=3):
    """The most common words; equally common ones in the order of the alphabet."""
    return sorted(words(text).items(), key=lambda item: (-item[1], item[0]))[:count]
