"""What a FastAPI endpoint with SQLAlchemy costs that does one select, and nothing else."""

from __future__ import annotations

import sqlalchemy as sa
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker


class Base(DeclarativeBase):
    """The bare app's own table."""


class Row(Base):
    """One row of it."""

    __tablename__ = "bare_rows"

    id: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    value: Mapped[float]


class Shown(BaseModel):
    """What it answers with."""

    id: str
    state: str
    value: float


def create(url: str) -> FastAPI:
    """The app, with a row ``a`` to read at ``/rows/a``."""
    engine = sa.create_engine(
        url.replace("postgresql:", "postgresql+psycopg:"), pool_size=10, max_overflow=40
    )
    Base.metadata.create_all(engine)
    make = sessionmaker(engine)
    with make.begin() as session:
        session.merge(Row(id="a", state="succeeded", value=0.1))
    app = FastAPI()

    @app.get("/rows/{id}")
    def read(id: str) -> Shown:
        session: Session
        with make() as session:
            row = session.get_one(Row, id)
            return Shown(id=row.id, state=row.state, value=row.value)

    return app
