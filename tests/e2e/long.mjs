// A long text that does not repeat itself: of one that does, attention would be a pattern.

/** How many tokens SmolLM2 makes of the text. */
export const TOKENS = 512;

/** The text. It stops in the middle of a sentence, which is for a model to go on with. */
export const LONG = `The lighthouse at the end of the harbour was built in 1847, after three ships had gone down within sight of the town \
in a single winter. Nobody living remembers the men who carried its stones over the sandbank at low tide, but their names are cut \
into the lowest step, and children who wait there for the ferry learn to read from them. For the first forty years the lamp burned \
whale oil, and its keeper climbed the stairs every four hours to trim the wick. Later it was paraffin, then gas, and since the \
summer of 1961 an electric bulb no larger than a fist, turning in a bath of mercury behind lenses that were ground in Birmingham.

My grandmother, whose father was the last keeper, used to say that a light is only half of the work. The other half is darkness: a \
captain must know for how many seconds he will see nothing, or he cannot tell one rock from another. Each tower along this coast has \
its own pattern. Ours shows two short flashes and one long one, every twenty seconds; the next, nine miles to the south, answers with \
a steady red. When fog hid both of them she was sent to the beach with a brass bell, and rang it until her arms ached, or until \
somebody called back across the water.

She kept a diary of those nights. Most entries are brief ("Wind north-east, rain, two trawlers, no trouble"), yet here and there a \
page is full. In March of 1938 a Danish steamer missed the channel by less than a hundred yards and struck the reef that fishermen \
call the Widow. Eleven sailors reached the shore in an open boat, rowing toward a bell which they could hear but not see. The cook, \
a boy of seventeen, stayed with the family until his broken leg had healed. He taught the girl to play chess with pieces carved out \
of driftwood, lost every game on purpose, and wrote to her each Christmas for the rest of his life, although neither ever learned \
much of the other's language.

Today the tower is empty. A computer in an office two hundred miles away switches the lamp on at dusk, counts its turns, and \
sends a message to a technician if one is missing. Visitors may climb the stairs on Sundays, when a volunteer unlocks the door \
and explains why the glass is curved. Some of them ask whether a lighthouse is still needed, now that every boat has a \
satellite receiver, and the volunteer`;
