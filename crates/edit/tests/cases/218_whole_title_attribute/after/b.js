let y = 2;
