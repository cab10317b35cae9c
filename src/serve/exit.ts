export const EXIT = { ok: 0, failed: 1, usage: 64, unavailable: 69, config: 78 } as const
