"""Tasks a newcomer copies: one file each. The registry names them without importing torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """An example task: its name, the file beside this one, ``module:function``, and one sentence."""

    name: str
    file: str
    entry: str
    description: str


EXAMPLES = {
    example.name: example
    for example in (
        Example(
            "digits-mlp",
            "digits_mlp.py",
            "digits_mlp:digits_mlp",
            "A multilayer perceptron that reads handwritten digits (scikit-learn's, 8x8 pixels).",
        ),
        Example(
            "digits-cnn",
            "digits_cnn.py",
            "digits_cnn:digits_cnn",
            "A convolutional network with batch normalisation that reads handwritten digits.",
        ),
        Example(
            "diabetes-mlp",
            "diabetes_mlp.py",
            "diabetes_mlp:diabetes_mlp",
            "A regression on noisy data: the progress of diabetes after a year, from ten measurements.",
        ),
        Example(
            "char-transformer",
            "char_transformer.py",
            "char_transformer:char_transformer",
            "A small transformer that continues English text (Python's own manual), letter by letter.",
        ),
    )
}
"""Every example, by task name."""
