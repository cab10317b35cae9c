import type { Tx } from '../db/index.ts'

/**
 * What a caller puts into the transaction of a change: `before` once it is certain that somebody asks for it who may, `after` once it is
 * done, with what came of it. Both hold with the change or not at all: a throw undoes everything, and is passed on.
 */
export type Around<Done = void> = {
  before?: ((tx: Tx) => Promise<void>) | undefined
  after?: ((tx: Tx, done: Done) => Promise<void>) | undefined
}
