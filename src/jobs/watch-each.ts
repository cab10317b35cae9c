import { takeTurns } from './turns.ts'

/** Told after each look: `trouble` is why it could not be taken, null when it was. */
export type OnLook = (look: string, trouble: unknown) => void

/**
 * Takes these looks again and again, one after the other, at once and then `everyMs` milliseconds after the last; each tells by itself what it
 * found. One that cannot be taken keeps none of the others from it: a table that is locked must not hide that the keys have stopped
 * rotating. Returns how to stop.
 */
export function watchEach(
  looks: Record<string, () => Promise<void>>,
  { everyMs, onLook }: { everyMs: number; onLook: OnLook },
): () => Promise<void> {
  return takeTurns({
    ...{ everyMs, atOnce: true },
    async work() {
      for (const [name, look] of Object.entries(looks))
        try {
          await look()
          onLook(name, null)
        } catch (trouble) {
          onLook(name, trouble)
        }
    },
    // What is left is a fault of whoever is told.
    onError: (error) => onLook('all', error),
  })
}
