"""Thin routes: each calls the verb of the library and shows what it returns."""
