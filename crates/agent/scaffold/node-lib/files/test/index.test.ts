import { describe, expect, it } from "vitest";

import { countWords } from "../src/index.js";

describe("countWords", () => {
  it("has nothing to count in an empty text", () => {
    expect(countWords(" \n").size).toBe(0);
  });

  it("counts words", () => {
    expect(countWords("to be or not to be").get("be")).toBe(2);
  });
});
