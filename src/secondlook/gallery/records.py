"""The gallery's rows, the same on SQLite and on PostgreSQL, through SQLAlchemy."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Integer, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA_VERSION = 1
_LONG = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits everywhere: SQLite numbers its rows by nothing but INTEGER."""


class Base(DeclarativeBase):
    pass


class MetaRow(Base):
    """One row. ``schema_version`` keeps its name and place in every version, so that any version can read it."""

    __tablename__ = "meta"
    id: Mapped[int] = mapped_column(primary_key=True)
    schema_version: Mapped[int]
    gallery_id: Mapped[str]
    key_kind: Mapped[str]
    key_check: Mapped[bytes]
    pack: Mapped[str]
    dimension: Mapped[int]
    revision: Mapped[int] = mapped_column(_LONG)


class SubjectRow(Base):
    """id: uuid in hex. created_at: UTC, ISO 8601. Nothing else of the person is in clear."""

    __tablename__ = "subjects"
    id: Mapped[str] = mapped_column(primary_key=True)
    name_lookup: Mapped[bytes] = mapped_column(unique=True)
    sealed_name: Mapped[bytes]
    created_at: Mapped[str]


class ReferenceRow(Base):
    """The crop comes last: SQLite then reads the templates without passing over the pictures."""

    __tablename__ = "references"
    __table_args__ = (UniqueConstraint("subject_id", "picture_lookup"), {"sqlite_autoincrement": True})
    id: Mapped[int] = mapped_column(_LONG, primary_key=True)
    subject_id: Mapped[str] = mapped_column(ForeignKey("subjects.id", ondelete="CASCADE"))
    pack: Mapped[str]
    picture_lookup: Mapped[bytes]
    sealed_template: Mapped[bytes]
    sealed_details: Mapped[bytes]
    sealed_crop: Mapped[bytes]


class RetiredKeyRow(Base):
    """A key which no row needs any more and which is to be dropped: kept until that was done."""

    __tablename__ = "retired_keys"
    subject_id: Mapped[str] = mapped_column(primary_key=True)
