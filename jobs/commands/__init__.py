"""What can be typed: each file a family of commands, assembled in ``jobs.__main__``."""
