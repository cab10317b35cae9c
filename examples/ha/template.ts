import { readFileSync } from 'node:fs'

/** The template `templates/<name>` with every {{NAME}} replaced. Throws when a value is missing. */
export function fill(name: string, values: Readonly<Record<string, string | number>>): string {
  const text = readFileSync(new URL(`templates/${name}`, import.meta.url), 'utf8')
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_whole, key: string) => {
    const value = values[key]
    if (value === undefined) throw new Error(`${name} asks for ${key}`)
    return String(value)
  })
}
