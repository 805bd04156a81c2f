"""What a stay costs."""


def price(room, nights):
    """The price of so many nights, in cents."""
    return room.night * nights


def deposit(room, nights):
    """What is paid when the room is booked: a fifth."""
    return price(room, nights) // 5
