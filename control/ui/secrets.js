// What of an input may be kept outside of its fields, in the storage of the tab: nothing that is secret. Pure.

/** Whether a text has an address in it with a login before its host. @param {string} text */
export const hasLogin = (text) => /:\/\/[^/?#\s"]*@/.test(text);
