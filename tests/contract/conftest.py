
__all__ = ["judge"]
