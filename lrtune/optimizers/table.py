"""The table: one row an optimizer, in torch.optim's own option names and defaults.

Left out on purpose: ``foreach``, ``fused``, ``capturable``, ``differentiable`` (the engine chooses how to
compute a step), ``maximize`` (a loss is minimised) and ``lr`` (that is what is being tuned).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

Kind = Literal["float", "int", "bool", "choice", "floats"]
Step = Literal["linear", "elementwise", "matrix", "closure"]


@dataclass(frozen=True, kw_only=True)
class Option:
    """One constructor argument of an optimizer.

    ``low`` and ``high`` bound each number (``low_open``/``high_open``: the bound itself is refused);
    ``nullable`` options, or nullable entries of a tuple, accept None.
    """

    name: str
    kind: Kind
    default: Any
    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False
    length: int | None = None
    choices: tuple[str | None, ...] = ()
    nullable: bool = False
    doc: str = ""


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """One torch.optim class.

    ``step`` says what its update allows: ``linear`` (elementwise, and the step is the LR times a direction
    that does not depend on the LR, so one call at lr=1 serves lanes of different LR), ``elementwise`` (each
    weight for itself, but not linear in the LR), ``matrix`` (looks at a whole parameter: its norm or its
    spectrum), ``closure`` (evaluates the loss itself, so lanes run one at a time).
    """

    name: str
    torch_class: str
    default_lr: float
    step: Step
    options: Mapping[str, Option]
    summary: str


def _float(name: str, default: float, **bounds: Any) -> Option:
    return Option(name=name, kind="float", default=default, **bounds)


def _bool(name: str, doc: str) -> Option:
    return Option(name=name, kind="bool", default=False, doc=doc)


def _decay(default: float = 0.0) -> Option:
    return _float("weight_decay", default, low=0.0, high=100.0, doc="Weight decay.")


_BETAS = Option(
    name="betas",
    kind="floats",
    default=(0.9, 0.999),
    low=0.0,
    high=1.0,
    high_open=True,
    length=2,
    doc="Decay rates of the running averages of the gradient and of its square.",
)
_EPS = _float("eps", 1e-8, low=0.0, high=1.0, doc="Added to the denominator.")
_DECOUPLED = _bool("decoupled_weight_decay", "Decay the weights themselves, as AdamW does.")


def _row(name: str, torch_class: str, lr: float, step: Step, summary: str, *options: Option) -> Optimizer:
    return Optimizer(
        name=name,
        torch_class=torch_class,
        default_lr=lr,
        step=step,
        options=MappingProxyType({option.name: option for option in options}),
        summary=summary,
    )


_ROWS = (
    _row(
        "sgd",
        "SGD",
        1e-3,
        "linear",
        "Stochastic gradient descent, with momentum and Nesterov's variant.",
        _float("momentum", 0.0, low=0.0, high=1.0, high_open=True, doc="Momentum."),
        _float("dampening", 0.0, low=0.0, high=1.0, doc="Dampening of the momentum."),
        _decay(),
        _bool("nesterov", "Nesterov momentum; needs momentum above 0 and no dampening."),
    ),
    _row(
        "adam",
        "Adam",
        1e-3,
        "linear",
        "Adam (Kingma and Ba 2015).",
        _BETAS,
        _EPS,
        _decay(),
        _bool("amsgrad", "Keep the largest second moment seen."),
        _DECOUPLED,
    ),
    _row(
        "adamw",
        "AdamW",
        1e-3,
        "linear",
        "Adam with decoupled weight decay (Loshchilov and Hutter 2019).",
        _BETAS,
        _EPS,
        _decay(0.01),
        _bool("amsgrad", "Keep the largest second moment seen."),
    ),
    _row(
        "adamax",
        "Adamax",
        2e-3,
        "linear",
        "Adam with the infinity norm.",
        _BETAS,
        _EPS,
        _decay(),
    ),
    _row(
        "nadam",
        "NAdam",
        2e-3,
        "linear",
        "Adam with Nesterov momentum (Dozat 2016).",
        _BETAS,
        _EPS,
        _decay(),
        _float("momentum_decay", 4e-3, low=0.0, high=1.0, doc="Decay of the momentum."),
        _DECOUPLED,
    ),
    _row(
        "radam",
        "RAdam",
        1e-3,
        "linear",
        "Adam with a rectified warm-up of its variance (Liu et al. 2020).",
        _BETAS,
        _EPS,
        _decay(),
        _DECOUPLED,
    ),
    _row(
        "rmsprop",
        "RMSprop",
        1e-2,
        "linear",
        "Gradient over a running root mean square.",
        _float("alpha", 0.99, low=0.0, high=1.0, high_open=True, doc="Decay of the running mean square."),
        _EPS,
        _decay(),
        _float("momentum", 0.0, low=0.0, high=1.0, high_open=True, doc="Momentum."),
        _bool("centered", "Normalise by the variance instead of the second moment."),
    ),
    _row(
        "adagrad",
        "Adagrad",
        1e-2,
        "linear",
        "Gradient over the root of the sum of its squares (Duchi et al. 2011).",
        _float("lr_decay", 0.0, low=0.0, high=100.0, doc="Decay of the LR per step."),
        _decay(),
        _float("initial_accumulator_value", 0.0, low=0.0, high=1e6, doc="Start of the sum of squares."),
        _float("eps", 1e-10, low=0.0, high=1.0, doc="Added to the denominator."),
    ),
    _row(
        "adadelta",
        "Adadelta",
        1.0,
        "linear",
        "Steps in units of the weights' own past steps (Zeiler 2012).",
        _float("rho", 0.9, low=0.0, high=1.0, doc="Decay of the running averages."),
        _float("eps", 1e-6, low=0.0, high=1.0, doc="Added to the denominator."),
        _decay(),
    ),
    _row(
        "asgd",
        "ASGD",
        1e-2,
        "elementwise",
        "Averaged stochastic gradient descent (Polyak and Juditsky 1992).",
        _float("lambd", 1e-4, low=0.0, high=1.0, doc="Decay term."),
        _float("alpha", 0.75, low=0.0, high=10.0, doc="Power of the LR's own decay."),
        _float("t0", 1e6, low=0.0, high=1e12, doc="Step at which averaging starts."),
        _decay(),
    ),
    _row(
        "rprop",
        "Rprop",
        1e-2,
        "elementwise",
        "Resilient propagation; the LR only sets the first step size. Meant for full batches.",
        Option(
            name="etas",
            kind="floats",
            default=(0.5, 1.2),
            low=0.0,
            low_open=True,
            high=100.0,
            length=2,
            doc="Shrinking and growing factor of the step sizes, below and above 1.",
        ),
        Option(
            name="step_sizes",
            kind="floats",
            default=(1e-6, 50),
            low=0.0,
            high=1e6,
            length=2,
            doc="Smallest and largest step size.",
        ),
    ),
    _row(
        "adafactor",
        "Adafactor",
        1e-2,
        "matrix",
        "Adam's second moment factored into rows and columns (Shazeer and Stern 2018).",
        _float("beta2_decay", -0.8, low=-10.0, high=0.0, doc="Decay rate of beta2."),
        Option(
            name="eps",
            kind="floats",
            default=(None, 1e-3),
            low=0.0,
            high=1.0,
            length=2,
            nullable=True,
            doc="Terms that keep the squared gradient and the weights' scale off zero.",
        ),
        _float("d", 1.0, low=1.0, high=1e6, doc="Clipping threshold of the update."),
        _decay(),
    ),
    _row(
        "muon",
        "Muon",
        1e-3,
        "matrix",
        "Momentum orthogonalised by Newton-Schulz steps; takes models whose parameters are all matrices.",
        _decay(0.1),
        _float("momentum", 0.95, low=0.0, high=1.0, high_open=True, doc="Momentum."),
        Option(name="nesterov", kind="bool", default=True, doc="Nesterov momentum."),
        Option(
            name="ns_coefficients",
            kind="floats",
            default=(3.4445, -4.775, 2.0315),
            low=-100.0,
            high=100.0,
            length=3,
            doc="Coefficients of the Newton-Schulz polynomial.",
        ),
        _float("eps", 1e-7, low=0.0, high=1.0, doc="Added to the denominator."),
        Option(name="ns_steps", kind="int", default=5, low=1, high=99, doc="Newton-Schulz steps."),
        Option(
            name="adjust_lr_fn",
            kind="choice",
            default=None,
            choices=(None, "original", "match_rms_adamw"),
            doc="How the LR is scaled by a matrix's shape.",
        ),
    ),
    _row(
        "lbfgs",
        "LBFGS",
        1.0,
        "closure",
        "Limited-memory BFGS; evaluates the loss several times a step. Meant for full batches.",
        Option(name="max_iter", kind="int", default=20, low=1, high=1000, doc="Iterations per step."),
        Option(
            name="max_eval",
            kind="int",
            default=None,
            low=1,
            high=10_000,
            nullable=True,
            doc="Evaluations per step; null is a quarter more than max_iter.",
        ),
        _float("tolerance_grad", 1e-7, low=0.0, high=1.0, doc="Stop below this gradient."),
        _float("tolerance_change", 1e-9, low=0.0, high=1.0, doc="Stop below this change."),
        Option(name="history_size", kind="int", default=100, low=1, high=1000, doc="Updates remembered."),
        Option(
            name="line_search_fn",
            kind="choice",
            default=None,
            choices=(None, "strong_wolfe"),
            doc="Line search.",
        ),
    ),
)

OPTIMIZERS: Mapping[str, Optimizer] = MappingProxyType({row.name: row for row in _ROWS})
"""Every optimizer the engine runs, by name."""
