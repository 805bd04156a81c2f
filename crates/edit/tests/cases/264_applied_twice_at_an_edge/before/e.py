class Base(Exception):
    pass


class Early(Base):
    "Raised early."
    pass


class Later(Base):
    "Raised late."
    pass
