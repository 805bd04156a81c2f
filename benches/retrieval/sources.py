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
    ("click", "https://github.com/pallets/click", "2c8cd3ac958a7eb316d67f2d316c27086c4c0369"),
    ("axum", "https://github.com/tokio-rs/axum", "3d78036dcac289d6c1d54934708acb6a5bd73686"),
    ("werkzeug", "https://github.com/pallets/werkzeug", "1b00618e787f40dfb21eba29caf8f8be7c8e1d93"),
    ("echo", "https://github.com/labstack/echo", "05489dc1730161df26b72d1ae2a3ba6fb8178fc7"),
    ("retrofit", "https://github.com/square/retrofit", "0b118105fe8436791436b8bc9c95b9aa2cfd3bdd"),
    ("jq", "https://github.com/jqlang/jq", "579e6f76cffd7643ba4002a2c3618a5ea710589a"),
    ("tokio", "https://github.com/tokio-rs/tokio", "ea91b33ca57ff0581b38e735cc108f831bccbdaa"),
    ("oauth2", "https://github.com/golang/oauth2", "89ff2e1ac388c1a234a687cb2735341cde3f7122"),
    ("vite", "https://github.com/vitejs/vite", "a98c8d95d552c6fa98ab66fb810f5b39ad5abf49"),
]

# Those that it saw only when it was done: the first four three times, with two
# earlier rankings, the others twice.
UNSEEN = [
    ("requests", "https://github.com/psf/requests", "1f6589ec3a1ee910f9a65cc3ceac60b26677bc0e"),
    ("hugo", "https://github.com/gohugoio/hugo", "7b5199fdeff7d7682e9f979f468d55bc7b67b934"),
    ("core", "https://github.com/vuejs/core", "e2bede96134f757aad5c5b33ac9be055022dbfc8"),
    ("redis", "https://github.com/redis/redis", "4f8cdc2a1ea53e42955af758aabffee67cb455dd"),
    ("httpx", "https://github.com/encode/httpx", "ae1b9f66238f75ced3ced5e4485408435de10768"),
    ("gin", "https://github.com/gin-gonic/gin", "dcaa4296d111981ffb31ac3eba90bb63e1eb5ab9"),
    ("mockito", "https://github.com/mockito/mockito", "ee8a330da0218f32d5964acdeaa3ac39e2c6ce14"),
    ("trpc", "https://github.com/trpc/trpc", "340811ba5320637fbaf48fccf3dbfdd258bd34db"),
]
