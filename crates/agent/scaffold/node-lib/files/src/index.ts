/** Counts the words of a text, parted by white space. */
export function countWords(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of text.split(/\s+/).filter((word) => word !== "")) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}
