"""Which nights are taken."""


class Calendar:
    """Nights by room number, counted from the first of the year."""

    def __init__(self):
        self.taken = {}

    def is_free(self, room, first, nights):
        """Whether nobody has the room in one of these nights."""
        taken = self.taken.get(room.number, set())
        return taken.isdisjoint(range(first, first + nights))

    def book(self, room, first, nights):
        """Takes the room for these nights."""
        if not self.is_free(room, first, nights):
            raise ValueError(f"room {room.number} is taken")
        self.taken.setdefault(room.number, set()).update(range(first, first + nights))
