import sys

from textstat import count


def main():
    for word, number in count.most_common(sys.stdin.read()):
        print(f"{number:5} {word}")
