bug
