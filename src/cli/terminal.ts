import type { ReadStream } from 'node:tty'

/** What a command has of the world: handed in, so that it can be run inside another program. */
export type Terminal = {
  env: NodeJS.ProcessEnv
  stdin: NodeJS.ReadableStream & Partial<Pick<ReadStream, 'isTTY' | 'setRawMode'>>
  stdout: NodeJS.WritableStream
  stderr: NodeJS.WritableStream
  /** Shows an address in a browser, and says whether it could; the system's own way when left out. */
  openBrowser?: (url: string) => Promise<boolean>
}

/** Prints a result: as one JSON document for programs, or as lines for people. */
export function print(
  { stdout }: Terminal,
  asJson: boolean | undefined,
  data: object,
  lines: string[],
): void {
  stdout.write(asJson ? `${JSON.stringify(data, null, 2)}\n` : lines.map((line) => `${line}\n`).join(''))
}

/** Rows of columns, each as wide as its widest cell. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
