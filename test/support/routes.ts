import { publicMethods } from '../../src/wiring/routes.ts'

/** Every public address, with something in the place of its parameters, and the methods it takes. */
export const everyRoute: { path: string; methods: string[] }[] = [
  ...Object.entries(publicMethods).map(([pattern, methods]) => ({
    path: pattern.replace(':uid', 'x'.repeat(43)),
    methods,
  })),
]
