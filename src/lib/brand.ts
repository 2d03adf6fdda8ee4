declare const brand: unique symbol;

/** A string that only its own constructor function can make, so that one kind of id cannot be passed as another. */
export type Brand<Name extends string> = string & { readonly [brand]: Name };
