// Where this console stands: at the top of the service, or below /drill, where everything belongs to an exercise 演练.

/** What every address of the service begins with. */
export const ROOT = typeof location !== 'undefined' && /^\/drill(\/|$)/.test(location.pathname) ? '/drill' : ''
