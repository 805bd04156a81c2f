"""Says

```python
f()
```
"""

def f():
    """Also

    ```
    f()
    ```
    """
