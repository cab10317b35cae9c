/** What the doctor found out about one thing. `remedy` says what to do when it is not well. */
export type Finding = { what: string; ok: boolean; said: string; remedy?: string }
