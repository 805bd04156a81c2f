import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, it } from "vitest";

import { App } from "./App";

afterEach(cleanup);

it("counts how often the button is pressed", async () => {
  render(<App />);
  const button = screen.getByRole("button");
  expect(button.textContent).toBe("Pressed 0 times");
  await userEvent.click(button);
  await userEvent.click(button);
  expect(button.textContent).toBe("Pressed 2 times");
});
