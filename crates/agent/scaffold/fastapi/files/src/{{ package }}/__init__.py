"""{{ description }}"""
