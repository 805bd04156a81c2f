"""The repositories, each up to a fixed commit, so that every run asks the same."""

# Those that the ranking was made with in view.
TUNED = [
    ("flask", "https://github.com/pallets/flask", "2ac89889f4cc330eabd50f295dcef02828522c69"),
    ("ripgrep", "https://github.com/BurntSushi/ripgrep", "3fce3b5bb0236da2df6d99672afb8a719642eca7"),
    ("gson", "https://github.com/google/gson", "9835b6f90192f79cdf5300c528fc6212455fb6c1"),
    ("leveldb", "https://github.com/google/leveldb", "78a352f47ed6c1e9d750545e9b242289185b87e1"),
    ("cobra", "https://github.com/spf13/cobra", "adbc8813901bba65827259daa8e22ff94ec1f30e"),
    ("express", "https://github.com/expressjs/express", "a3714473feb3d2908add734d340e7755fd85e0a3"),
    ("zod", "https://github.com/colinhacks/zod", "e516c3baf22615e20934116abebfed6c000222c2"),
]

# Those that it saw only when it was done.
UNSEEN = [
    ("requests", "https://github.com/psf/requests", "1f6589ec3a1ee910f9a65cc3ceac60b26677bc0e"),
    ("hugo", "https://github.com/gohugoio/hugo", "7b5199fdeff7d7682e9f979f468d55bc7b67b934"),
    ("core", "https://github.com/vuejs/core", "e2bede96134f757aad5c5b33ac9be055022dbfc8"),
    ("redis", "https://github.com/redis/redis", "4f8cdc2a1ea53e42955af758aabffee67cb455dd"),
]
