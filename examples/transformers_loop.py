"""A Transformers model, trained by its own Trainer; lrtune.adapters.TransformersCallback makes it a trial.

The model is tiny and made from a configuration: nothing is downloaded. It reads the rows of a digit as words.
"""

import tempfile
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

import lrtune
from lrtune.adapters import TransformersCallback

BATCH = 64


def accuracy(told: Any) -> dict[str, float]:
    """The share of digits read right."""
    return {"accuracy": float((np.argmax(told.predictions, axis=1) == told.label_ids).mean())}


def transformers_loop(hidden: int = 32) -> lrtune.Loop:
    """Read handwritten digits, pixel by pixel, with a small BERT.

    Args:
        hidden: Width of the model.
    """
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    examples = [
        {"input_ids": torch.tensor(digits.data[i], dtype=torch.long), "labels": int(digits.target[i])}
        for i in order
    ]
    train_set, valid_set = examples[:1437], examples[1437:]

    def train(trial: lrtune.LoopTrial) -> None:
        config = BertConfig(
            vocab_size=17,
            hidden_size=hidden,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=2 * hidden,
            max_position_embeddings=64,
            num_labels=10,
        )
        model = BertForSequenceClassification(config)
        with tempfile.TemporaryDirectory() as folder:
            arguments = TrainingArguments(
                output_dir=folder,
                max_steps=trial.total_steps,
                learning_rate=trial.initial_lr,
                lr_scheduler_type="constant",
                per_device_train_batch_size=BATCH,
                per_device_eval_batch_size=360,
                dataloader_drop_last=True,
                eval_strategy="no" if trial.sweep else "epoch",
                save_strategy="no",
                logging_strategy="no",
                report_to="none",
                disable_tqdm=True,
                seed=trial.seed,
            )
            Trainer(
                model,
                arguments,
                train_dataset=train_set,
                eval_dataset=valid_set,
                compute_metrics=accuracy,
                optimizers=(trial.make_optimizer(model.parameters()), None),
                callbacks=[TransformersCallback(trial, metrics=("accuracy",))],
            ).train()

    return lrtune.Loop(
        train=train, steps_per_epoch=len(train_set) // BATCH, batch_size=BATCH, metrics=("accuracy",)
    )
