"""Rooms and bookings."""
