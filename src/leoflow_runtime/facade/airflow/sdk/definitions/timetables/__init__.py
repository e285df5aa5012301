"""Timetables: kept as declared; the control plane computes the times."""
