from bookings.prices import deposit, price
from bookings.rooms import ROOMS, find


def equal(one, other):
    assert one == other, f"{one} is not {other}"


def test_nights_add_up():
    equal(price(ROOMS[0], 3), 13500)


def test_deposit_is_a_fifth():
    equal(deposit(ROOMS[1], 2), 2800)


def test_the_cheapest_room_is_found():
    equal(find(2).number, 2)
    equal(find(5), None)
