"""A small transformer that continues English text letter by letter."""

from pydoc_data.topics import topics

import torch
from torch import Tensor, nn

import lrtune


class Block(nn.Module):
    """A transformer block: causal self-attention and a two-layer network, each normalised first."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.mix = nn.Linear(width, width)
        self.network_norm = nn.LayerNorm(width)
        self.network = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        parts = self.query_key_value(self.attention_norm(x)).chunk(3, dim=-1)
        query, key, value = (part.view(batch, length, self.heads, -1).transpose(1, 2) for part in parts)
        attended = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.mix(attended.transpose(1, 2).reshape(batch, length, width))
        return x + self.network(self.network_norm(x))


class CharTransformer(nn.Module):
    """Predicts, at each position, the next letter."""

    def __init__(self, letters: int, length: int, width: int, heads: int, layers: int) -> None:
        super().__init__()
        self.letter = nn.Embedding(letters, width)
        self.position = nn.Parameter(0.02 * torch.randn(length, width))
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        self.next = nn.Linear(width, letters)

    def forward(self, text: Tensor) -> Tensor:
        return self.next(self.norm(self.blocks(self.letter(text) + self.position)))


def next_letter_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of the next letter, in nats, over all positions."""
    return nn.functional.cross_entropy(outputs.flatten(0, 1), targets.flatten())


def accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """The share of letters guessed right."""
    return (outputs.argmax(-1) == targets).float().mean()


def manual_split(length: int) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor], int]:
    """Windows of Python's language manual (in the standard library) and how many letters there are.

    Inputs are ``length`` letters, targets the same shifted by one. The last tenth of the text is for
    validation.
    """
    text = "\n".join(topics[name] for name in sorted(topics))[: 2000 * length + 1]
    letters = sorted(set(text))
    code = {letter: number for number, letter in enumerate(letters)}
    encoded = torch.tensor([code[letter] for letter in text])
    inputs, targets = encoded[:-1].view(-1, length), encoded[1:].view(-1, length)
    cut = len(inputs) * 9 // 10
    return (inputs[:cut], targets[:cut]), (inputs[cut:], targets[cut:]), len(letters)


def char_transformer(
    width: int = 32, heads: int = 4, layers: int = 2, length: int = 32, batch_size: int = 32
) -> lrtune.Task:
    """Continue Python's manual letter by letter with a small transformer.

    Args:
        width: Width of the embedding; a multiple of ``heads``.
        heads: Attention heads.
        layers: Transformer blocks.
        length: Letters the network sees at once.
        batch_size: Windows of text a training step sees.
    """
    train, valid, letters = manual_split(length)
    return lrtune.Task(
        model=lambda: CharTransformer(letters, length, width, heads, layers),
        train=train,
        valid=valid,
        loss=next_letter_loss,
        metrics={"accuracy": accuracy},
        batch_size=batch_size,
    )
