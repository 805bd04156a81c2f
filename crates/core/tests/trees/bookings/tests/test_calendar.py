from bookings.calendar import Calendar
from bookings.rooms import ROOMS


def test_nights_are_taken_once():
    calendar = Calendar()
    calendar.book(ROOMS[0], 10, 3)
    assert not calendar.is_free(ROOMS[0], 12, 1)
    assert calendar.is_free(ROOMS[0], 13, 1)
    assert calendar.is_free(ROOMS[1], 10, 3)
