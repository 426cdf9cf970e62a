"""SentencePiece models that train in a moment."""

import io

import sentencepiece


def train_sentencepiece(path, lines, **options):
    """A real SentencePiece model, small enough to train in a moment."""
    data = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=data,
        hard_vocab_limit=False,
        minloglevel=2,
        **options,
    )
    path.write_bytes(data.getvalue())
    return path
