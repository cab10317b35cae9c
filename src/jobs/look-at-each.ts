/** Told after each look: `trouble` is why it could not be taken, null when it was. */
export type OnLook = (look: string, trouble: unknown) => void

/**
 * Takes these looks one after the other; each tells by itself what it found. One that cannot be taken keeps none of the others from it: a
 * table that is locked must not hide that the keys have stopped rotating.
 */
export async function lookAtEach(looks: Record<string, () => Promise<void>>, onLook: OnLook): Promise<void> {
  for (const [name, look] of Object.entries(looks))
    try {
      await look()
      onLook(name, null)
    } catch (trouble) {
      onLook(name, trouble)
    }
}
