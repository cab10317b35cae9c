/** Finds the pattern a path belongs to, or undefined. */
export type RouteFinder = (path: string) => string | undefined

/**
 * Makes a finder for patterns like `/interaction/:uid/login`, where `:name` stands for one segment that is not empty.
 * Earlier patterns win. The names it returns are few and known, which makes them fit for logs and metrics.
 */
export function routeFinder(patterns: Iterable<string>): RouteFinder {
  const exact = new Set<string>()
  const shaped: { pattern: string; segments: string[] }[] = []
  for (const pattern of patterns) {
    if (pattern.includes(':')) shaped.push({ pattern, segments: pattern.split('/') })
    else exact.add(pattern)
  }
  return (path) => {
    if (exact.has(path)) return path
    const segments = path.split('/')
    return shaped.find((shape) => fits(shape.segments, segments))?.pattern
  }
}

function fits(shape: readonly string[], segments: readonly string[]): boolean {
  return (
    shape.length === segments.length &&
    shape.every((part, index) => (part.startsWith(':') ? segments[index] !== '' : part === segments[index]))
  )
}
