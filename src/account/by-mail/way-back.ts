import type { Context } from 'koa'

/** Whether this could name a sign-in under way. It becomes part of an address of ours, so nothing else may stand in it. */
export function isInteractionUid(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{10,64}$/.test(value)
}

/** The sign-in that a page was reached from, by its address. */
export function interactionOf(ctx: Context): string | undefined {
  const value = ctx.query['interaction']
  return isInteractionUid(value) ? value : undefined
}

/** Where a sign-in under way goes on; the sign-in itself makes sure that it is this browser's. */
export function wayBack(interaction: string | undefined): string | undefined {
  return interaction === undefined ? undefined : `/interaction/${interaction}`
}

/** Where the app is asked for its sign-in anew: one that began before all access was ended cannot be finished. */
export function wayAnew(interaction: string | undefined): string | undefined {
  return interaction === undefined ? undefined : `/interaction/${interaction}/start-again`
}

/** An address of ours that keeps the sign-in in mind. */
export function withInteraction(path: string, interaction: string | undefined): string {
  return interaction === undefined ? path : `${path}?interaction=${interaction}`
}
