"""The four loops over one store, and the virtual clock that drives the same steps. See ARCHITECTURE.md."""
