// The sections of the configuration that only observe.

/** The sections whose Shadow is on. @param {Record<string, any>} document @returns {string[]} */
export const shadowed = (document) => Object.keys(document).filter((section) => [true, "true"].includes(document[section]?.Shadow));
