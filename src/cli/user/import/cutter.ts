/** Cuts a text that comes in pieces into records. `end` throws a Refusal when the text stops in the middle. */
export type RecordCutter = {
  push: (piece: string) => Iterable<unknown>
  end: () => Iterable<unknown>
}

/** No user takes more; what does is somebody's mistake, and must not fill the memory. */
export const MOST_CHARACTERS = 1024 * 1024

/** The value of a JSON text, or undefined. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
