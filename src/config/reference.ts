import type { Variable } from './variable.ts'
import { variables } from './variables.ts'

/** The reference table of all variables in Markdown, made from the definitions that read them. */
export function configReference(): string {
  const rows = Object.entries<Variable<unknown>>(variables).map(([name, { shown, meaning, production }]) =>
    row(`\`${name}\``, shown, meaning, production ?? ''),
  )
  return [
    row('Variable', 'Default', 'Meaning', 'In production'),
    row('---', '---', '---', '---'),
    ...rows,
    '',
  ].join('\n')
}

function row(...cells: string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
