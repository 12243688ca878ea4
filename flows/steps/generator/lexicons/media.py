"""What people ask to hear and see: stations, artists, titles, genres. Invented, but for genres and kinds of music."""

from __future__ import annotations

from flows.steps.generator.lexicons import entries, words

SONGS = entries("""
    blue horizon|paper boats|midnight train|dancing on the roof|river of stone|falling upward|the long way home
    |candle in june|sugar and rain|northern sky|broken compass|seven doors|glass heart|slow summer|wild geese
    |city of lanterns|hold the line again|run with me|half a moon|nothing but gold|one more mile|call me maybe tomorrow
    |bring the water|tell it to the sea|velvet morning|ghost of a chance|letters to august|the night we drove|empty swings
    |firefly|hurricane season|under the lemon tree|salt on my skin|dear elena|twenty winters|static|pocket full of stars
    |shadow puppets|no more mondays|last bus to nowhere|echoes|feather|kingdom of dust|sleepless in lisbon|swim|honey trap
    |the bridge is open|carousel|mirrorball|sunday shoes|tin soldiers|high tide|stay until the rain stops
    |i left the light on|turn it down|open the window|play it again|red curtains|close to the door""")
ARTISTS = entries("""
    the velvet foxes|mara lind|the copper kings|juniper hall|electric harbor|dj malou|tom averill|the quiet engines
    |luna park five|orchestra of dust|sally north|the paper tigers|elena castro|the brass owls|young anchors|kid meridian
    |nora and the wolves|saint alba|the night porters|big otis brown|mister lowell|les oiseaux|die nachbarn|los faroles
    |i treni|hana mori|kwame boateng|the salt sisters|blind willie marsh|grandma's radio|the ninth floor|amber keys
    |polar choir|the walking lamps|disco havana|string theory quartet|baltic brass band|the lost umbrellas|rosa verde
    |ivory coast trio|the milk bottles|anders holm""")
STATIONS = entries("""
    radio north|jazz fm|city radio|classic radio|rock antenna|radio one|news talk|groove radio|the morning show|radio two
    |radio 4|lake fm|kiss the sky radio|radio paradiso|oldies 101|country gold|the beat|hit radio|sports talk|nova fm
    |radio harmony|smooth radio|indie pulse|soul station|culture radio|kids radio|radio metro|the edge|coast fm
    |radio orient|farm news daily|world service|opera live|deep house radio|lounge fm|radio retro|alpine radio
    |planet rock hour|star 98|radio 24""")
GENRES = entries("""
    jazz|rock|classical music|lofi|techno|hip hop|country|blues|reggae|folk|metal|pop|soul|ambient|opera|punk|disco
    |house music|trance|drum and bass|indie|bossa nova|salsa|flamenco|gospel|swing|bluegrass|funk|r and b|k-pop|film music
    |piano music|meditation music|rain sounds|white noise|ocean waves|birdsong|lullabies|christmas songs|party music
    |workout music|dinner music|study beats|something relaxing|some music|children's songs|audiobooks|the news|a podcast
    |chillout|synthwave|grunge|ska""")
FILMS = entries("""
    the last ferry|a winter crossing|moon over the harbor|the clockmaker|two left feet|the silent orchard|deep field
    |the glass train|an honest thief|before the flood came|the cartographer|midnight bakery|nine lives of mabel
    |the lighthouse keeper's son|ten summers|red planet diaries|the great goose chase|house of seven clocks
    |a dog called monday|the violin maker|shadows on main street|detective moth|the potato war|kings of nowhere
    |the longest corridor|planet of lamps|cooking with clara|garden masters|the daily quiz|wild rivers|antarctic tales
    |builders at dawn""")
TITLE_NOUNS = words("""
    heart night river fire rain road dream summer winter sky sea moon sun star light shadow city home train garden mirror
    window door bridge island mountain storm thunder ocean wave stone gold silver diamond honey sugar wine smoke dust
    ghost angel devil queen king soldier sailor stranger lover dancer singer child mother father brother sister friend
    letter photograph telephone radio television highway motel carnival circus parade funeral wedding birthday holiday
    morning midnight sunday monday december july hour minute yesterday tomorrow forever paradise heaven kingdom empire
    revolution machine satellite rocket""")
TITLE_ADJECTIVES = words("""
    blue red black white golden silver broken lonely crazy wild sweet bitter cold hot slow fast last first lost hidden
    secret endless empty silent loud young old beautiful ugly dirty holy electric magnetic plastic paper wooden burning
    frozen falling rising running sleeping dancing screaming whispering dying living hungry thirsty tired happy sad blind
    deaf naked velvet purple crimson emerald distant foreign modern ancient simple perfect""")
