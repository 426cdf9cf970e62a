"""Sentences to train on and to count, and pieces to add."""

JAPANESE = [
    "吾輩は猫である。名前はまだ無い。",
    "どこで生れたかとんと見当がつかぬ。",
    "何でも薄暗いじめじめした所でニャーニャー泣いていた事だけは記憶している。",
    "親譲りの無鉄砲で小供の時から損ばかりしている。",
]
ENGLISH = [
    "The cat has no name yet, and it does not mind.",
    "It was born somewhere dark and damp.",
    "All it remembers is crying.",
]
#: In the order of an extension: each is spelled by pieces that stand before it.
ADDED = ["猫", "で", "ある", "である", "名前", "吾", "輩", "吾輩", "している", "鱗"]
