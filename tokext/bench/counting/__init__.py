"""What tokenizers make of a text: tokens counted, lines compared, words looked at."""
