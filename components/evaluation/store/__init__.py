"""Evaluations in the database of the jobs: ``evaluations`` the records, ``cells`` their jobs, ``ballots`` screens and votes."""
