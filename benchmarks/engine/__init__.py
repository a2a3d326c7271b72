"""The engine's benchmark: ``python -m benchmarks.engine`` writes docs/benchmarks/engine.md."""
