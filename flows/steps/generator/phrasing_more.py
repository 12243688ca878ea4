"""What people say to players, vacuums, lists, scenes and timers. ``{x}`` is the thing with its article, ``{bare}`` without."""

from __future__ import annotations

from flows.steps.generator.patterns import Patterns

MEDIA: dict[str, Patterns] = {
    "pause": Patterns("""
        pause {x}
        put {x} on pause
        hit pause on {x}
        pause what's playing on {x}
        pause the music on {x}
        hold the music on {x}
        {bare} pause
        pause playback on {x}
        freeze {x}
        press pause on {x}
        stop playing on {x}
        stop the music on {x}
        interrupt {x}
        take a break on {x}
        stop playback on {x}
        make {x} pause
        {x} should pause
        {x} needs to pause
        {x} should take a break
        let {x} pause
        let {x} take a break
        have {x} pause
        get {x} to pause
        get {x} to stop playing
        make {x} stop playing
        stop {x} for a moment
        stop {x} for a second
        halt {x}
        halt the music on {x}
        hold {x} for a moment
        hold on with {x}
        hold playback on {x}
        pause what {x} is playing
        pause {x} for a bit
        pause {x} for now
        pause the song on {x}
        pause the show on {x}
        suspend {x}
        suspend playback on {x}
        i want {x} paused
        i'd like {x} paused
        i need {x} paused
        give {x} a rest
        give me a break from {x}
        {x} on pause
        {x}, pause
        set {x} to pause
        switch {x} to pause
        could {x} pause for a moment
        wait with {x}
        stop whatever {x} is playing
    """),
    "unpause": Patterns("""
        resume {x}
        continue {x}
        unpause {x}
        let {x} play on
        continue playing on {x}
        resume playback on {x}
        keep playing on {x}
        go on with {x}
        start {x} again
        {bare} resume
        press play on {x}
        hit play on {x}
        carry on with {x}
        play on with {x}
        play {x} again
        let {x} continue
        {x} should play on
        {x} should go on playing
        {x} can play on
        {x} can continue
        {x} can go on
        let {x} go on
        let {x} play again
        let {x} keep playing
        get {x} playing again
        get {x} going again
        have {x} continue
        have {x} play on
        make {x} play on
        make {x} continue
        set {x} playing again
        go on playing on {x}
        go back to playing on {x}
        carry on playing on {x}
        pick up where {x} stopped
        pick up where we left off on {x}
        continue where {x} left off
        continue the music on {x}
        continue the song on {x}
        resume the music on {x}
        resume the song on {x}
        resume what {x} was playing
        i want {x} to go on
        i want {x} to play on
        start the music on {x} again
        take {x} off pause
        end the pause on {x}
        stop pausing {x}
        {x}, play on
        {x}, go on
        bring {x} back to life
        proceed with {x}
    """),
    "next": Patterns("""
        next (song|track) on {x}
        skip this (song|track) on {x}
        skip to the next (song|track) on {x}
        play the next (song|track) on {x}
        skip ahead on {x}
        go to the next (song|track) on {x}
        next on {x}
        skip on {x}
        change the song on {x}
        jump to the next (song|track) on {x}
        forward to the next (song|track) on {x}
        move on to the next track on {x}
        i don't like this (song|track) on {x}
        i don't want this (song|track) on {x}
        not this (song|track) on {x}
        another (song|track) on {x}
        a different (song|track) on {x}
        something else on {x}
        give me the next (song|track) on {x}
        go on to the next (song|track) on {x}
        go one (song|track) ahead on {x}
        go forward one (song|track) on {x}
        get to the next (song|track) on {x}
        have {x} play the next (song|track)
        have {x} skip this (song|track)
        let {x} play the next (song|track)
        let {x} skip this one
        make {x} skip to the next (song|track)
        make {x} go to the next (song|track)
        skip this one on {x}
        skip the current (song|track) on {x}
        skip forward on {x}
        skip one ahead on {x}
        skip the (song|track) on {x}
        switch to the next (song|track) on {x}
        switch {x} to the next (song|track)
        take {x} to the next (song|track)
        advance to the next (song|track) on {x}
        advance {x} by one (song|track)
        leave out this (song|track) on {x}
        move {x} to the next (song|track)
        move forward one (song|track) on {x}
        on {x} the next (song|track)
        on {x} skip this one
        one (song|track) further on {x}
        the next one on {x}
        the next (song|track) on {x}
        {x} next (song|track)
        {x} should play the next (song|track)
        {x} should skip this (song|track)
        let's hear the next (song|track) on {x}
        let's skip this one on {x}
        what's next on {x}, play it
    """),
    "previous": Patterns("""
        previous (song|track) on {x}
        go back to the previous (song|track) on {x}
        play the previous (song|track) on {x}
        play the last (song|track) again on {x}
        go back one (song|track) on {x}
        last song again on {x}
        back one on {x}
        jump back a (song|track) on {x}
        skip back on {x}
        return to the previous track on {x}
        rewind to the previous song on {x}
        one (song|track) back on {x}
        go one (song|track) back on {x}
        go back on {x}
        go back a (song|track) on {x}
        go to the last (song|track) on {x}
        give me the previous (song|track) on {x}
        give me the last (song|track) again on {x}
        get back to the previous (song|track) on {x}
        back to the previous (song|track) on {x}
        back to the last (song|track) on {x}
        have {x} play the previous (song|track)
        have {x} go back one (song|track)
        let {x} play the last (song|track) again
        let {x} go back a (song|track)
        make {x} go back one (song|track)
        make {x} play the previous (song|track)
        switch {x} to the previous (song|track)
        switch back to the last (song|track) on {x}
        take {x} back one (song|track)
        move {x} back one (song|track)
        move back to the last (song|track) on {x}
        on {x} the previous (song|track)
        play that (song|track) again on {x}
        play the one before on {x}
        play the (song|track) before this one on {x}
        repeat the previous (song|track) on {x}
        repeat the last (song|track) on {x}
        rewind one (song|track) on {x}
        step back one (song|track) on {x}
        the last (song|track) again on {x}
        the (song|track) before on {x}
        the previous one on {x}
        i want the previous (song|track) on {x}
        i want to hear the last (song|track) again on {x}
        i liked the last (song|track) on {x}, play it again
        {x} previous (song|track)
        {x} one (song|track) back
    """),
    "volume": Patterns("""
        set the volume of {x} to {pct}
        set {x} volume to {pct}
        set {x} to {pct} volume
        set the volume on {x} to {pct}
        change the volume of {x} to {pct}
        turn {x} (up|down) to {pct}
        turn the volume of {x} (up|down) to {pct}
        put the volume of {x} at {pct}
        put {x} at {pct} volume
        volume of {x} to {pct}
        {bare} volume {pct}
        bring {x} to {pct} volume
        make {x} {pct} loud
        adjust the volume of {x} to {pct}
        volume {pct} on {x}
        {pct} volume on {x}
        play {x} at {pct} volume
        let {x} play at {pct}
        have {x} at {pct} volume
        have the volume of {x} at {pct}
        i want {x} at {pct} volume
        i want the volume of {x} at {pct}
        i'd like the volume on {x} at {pct}
        i need {x} at {pct} volume
        the volume of {x} should be {pct}
        the volume on {x} should be at {pct}
        the volume of {x} needs to be {pct}
        {x} should play at {pct}
        {x} should be at {pct} volume
        {x} at {pct} volume
        {x} volume at {pct}
        {bare} at {pct} volume
        run {x} at {pct} volume
        keep {x} at {pct} volume
        keep the volume of {x} at {pct}
        get {x} to {pct} volume
        get the volume of {x} to {pct}
        give {x} {pct} volume
        go to {pct} volume on {x}
        lower the volume of {x} to {pct}
        raise the volume of {x} to {pct}
        lower {x} to {pct} volume
        raise {x} to {pct} volume
        move the volume of {x} to {pct}
        take the volume of {x} to {pct}
        take {x} to {pct} volume
        switch the volume of {x} to {pct}
        change {x} to {pct} volume
        turn {x} to {pct} volume
        turn the volume on {x} to {pct}
        put the volume on {x} to {pct}
        bring the volume on {x} (up|down) to {pct}
        increase the volume of {x} to {pct}
        reduce the volume of {x} to {pct}
        sound level of {x} to {pct}
        set the sound of {x} to {pct}
        set the loudness of {x} to {pct}
        make the volume of {x} {pct}
        {pct} is the volume i want on {x}
    """),
    "louder": Patterns("""
        make {x} louder
        turn up {x}
        turn {x} up
        turn up the volume of {x}
        turn the volume up on {x}
        increase the volume of {x}
        raise the volume on {x}
        volume up on {x}
        {bare} louder
        {x} a (bit|little) louder
        make {x} a (bit|little) louder
        turn {x} up a (bit|little)
        louder on {x}
        crank up {x}
        pump up {x}
        more volume on {x}
        up the volume on {x}
        {x} could be louder
        {x} should be a bit louder
        {x} louder
        {x} needs to be louder
        {x} has to be louder
        {x} up a (bit|little)
        i want {x} louder
        i'd like {x} louder
        i need {x} a bit louder
        i want to hear {x} better
        boost {x}
        boost the volume of {x}
        bring {x} up a bit
        bring the volume of {x} up
        bump up {x}
        bump up the volume on {x}
        get {x} louder
        give {x} more volume
        give me more sound from {x}
        have {x} play louder
        let {x} play louder
        let {x} be louder
        let's have {x} louder
        make {x} play louder
        make the sound of {x} louder
        more sound from {x}
        play {x} louder
        play louder on {x}
        push up the volume of {x}
        put {x} up
        put the volume of {x} up
        raise {x} a bit
        raise the sound of {x}
        sound up on {x}
        take the volume of {x} up
        turn the sound of {x} up
        the volume of {x} up
        the volume on {x} should go up
    """),
    "quieter": Patterns("""
        make {x} quieter
        turn down {x}
        turn {x} down
        turn down the volume of {x}
        turn the volume down on {x}
        decrease the volume of {x}
        lower the volume on {x}
        reduce the volume of {x}
        volume down on {x}
        {bare} quieter
        {x} a (bit|little) quieter
        make {x} a (bit|little) quieter
        turn {x} down a (bit|little)
        quieter on {x}
        less volume on {x}
        soften {x}
        {x} could be quieter
        {x} should be a bit softer
        make {x} softer
        keep {x} down
        {x} quieter
        {x} softer
        {x} needs to be quieter
        {x} has to be quieter
        {x} down a (bit|little)
        i want {x} quieter
        i'd like {x} quieter
        i need {x} a bit quieter
        bring {x} down a bit
        bring the volume of {x} down
        get {x} quieter
        give {x} less volume
        have {x} play quieter
        have {x} play softer
        let {x} play softly
        let {x} be quieter
        let's have {x} quieter
        make {x} play softer
        make the sound of {x} softer
        less sound from {x}
        less noise from {x}
        play {x} softer
        play quieter on {x}
        push down the volume of {x}
        put the volume of {x} down
        sound down on {x}
        take the volume of {x} down
        take {x} down a bit
        turn the sound of {x} down
        tone {x} down
        tone down {x}
        not so loud on {x}
        not so loud with {x}
        the volume of {x} down
        the volume on {x} should go down
        drop the volume of {x}
        ease the volume of {x}
    """),
    "louder_by": Patterns("""
        turn {x} up by {step}
        turn up the volume of {x} by {step}
        increase the volume of {x} by {step}
        make {x} {step} louder
        raise the volume on {x} by {step}
        {step} louder on {x}
        {x} {step} louder
        volume of {x} up by {step}
        add {step} to the volume of {x}
        {step} more volume on {x}
        turn {x} {step} up
        turn the volume of {x} up {step}
        turn {x} up {step}
        turn up {x} {step}
        raise {x} by {step}
        raise the volume of {x} by {step}
        increase {x} volume by {step}
        increase the volume on {x} by {step}
        volume up {step} on {x}
        volume of {x} plus {step}
        {x} volume up by {step}
        {x} up by {step}
        {step} up on {x}
        {step} more for the volume of {x}
        put {step} on top of the volume of {x}
        give {x} {step} more volume
        bring {x} up by {step}
        bring the volume of {x} up by {step}
        boost {x} by {step}
        make the volume of {x} {step} higher
        get {x} {step} louder
        i want {x} {step} louder
        have {x} {step} louder
        let {x} be {step} louder
        move the volume of {x} up by {step}
        push {x} up by {step}
    """),
    "quieter_by": Patterns("""
        turn {x} down by {step}
        turn down the volume of {x} by {step}
        decrease the volume of {x} by {step}
        make {x} {step} quieter
        lower the volume on {x} by {step}
        {step} quieter on {x}
        {x} {step} quieter
        volume of {x} down by {step}
        take {step} off the volume of {x}
        {step} less volume on {x}
        turn {x} {step} down
        turn the volume of {x} down {step}
        turn {x} down {step}
        turn down {x} {step}
        lower {x} by {step}
        lower the volume of {x} by {step}
        reduce {x} by {step}
        reduce the volume of {x} by {step}
        decrease the volume on {x} by {step}
        volume down {step} on {x}
        volume of {x} minus {step}
        {x} volume down by {step}
        {x} down by {step}
        {step} down on {x}
        {step} less for the volume of {x}
        give {x} {step} less volume
        bring {x} down by {step}
        bring the volume of {x} down by {step}
        make the volume of {x} {step} lower
        get {x} {step} quieter
        i want {x} {step} quieter
        have {x} {step} quieter
        let {x} be {step} quieter
        move the volume of {x} down by {step}
        cut the volume of {x} by {step}
        drop the volume of {x} by {step}
    """),
    "mute": Patterns("""
        mute {x}
        mute the sound on {x}
        silence {x}
        turn off the sound of {x}
        turn the sound off on {x}
        put {x} on mute
        cut the sound on {x}
        {bare} mute
        switch {x} to mute
        no sound on {x}
        kill the sound of {x}
        make {x} silent
        turn the sound of {x} off
        mute what {x} plays
        have {x} muted
        get {x} muted
        i want {x} muted
        i'd like {x} muted
        i need {x} on mute
        let {x} be silent
        let {x} go silent
        make {x} mute
        keep {x} silent
        set {x} to mute
        set {x} on mute
        sound off on {x}
        sound off for {x}
        switch off the sound of {x}
        switch the sound of {x} off
        shut off the sound on {x}
        stop the sound of {x}
        take the sound off {x}
        turn {x} to mute
        turn {x} silent
        {x} on mute
        {x} should be muted
        {x} should be silent
        {x} has to be mute
        {x}, no sound
        i don't want any sound from {x}
        no sound from {x}
        quiet on {x}
        hit mute on {x}
        press mute on {x}
        mute button on {x}
    """),
    "unmute": Patterns("""
        unmute {x}
        unmute the sound on {x}
        turn the sound of {x} back on
        turn the sound on for {x}
        take {x} off mute
        bring back the sound of {x}
        {bare} unmute
        sound on for {x}
        let me hear {x} again
        give me sound on {x} again
        put the sound of {x} back on
        have {x} unmuted
        get {x} unmuted
        get the sound of {x} back
        i want sound on {x} again
        i want to hear {x} again
        i'd like to hear {x} again
        i want {x} unmuted
        let {x} be heard again
        let {x} sound again
        make {x} audible again
        make {x} heard again
        end mute on {x}
        remove the mute from {x}
        remove mute on {x}
        sound back on for {x}
        sound on {x} again
        sound on for {x} again
        stop muting {x}
        switch the sound of {x} on
        switch {x} off mute
        switch the sound of {x} back on
        the sound of {x} back please
        turn off mute on {x}
        turn mute off on {x}
        turn the sound back on for {x}
        turn on the sound of {x}
        undo the mute on {x}
        un-mute {x}
        volume back on for {x}
        {x} off mute
        {x} should be heard again
    """),
    "play": Patterns("""
        play {title} on {x}
        play {title} with {x}
        put {title} on {x}
        put on {title} on {x}
        start {title} on {x}
        start playing {title} on {x}
        let {x} play {title}
        have {x} play {title}
        make {x} play {title}
        search for {title} on {x} and play it
        find {title} and play it on {x}
        i want to hear {title} on {x}
        i want to listen to {title} on {x}
        i'd like to hear {title} on {x}
        {title} on {x}
        on {x} play {title}
        play some {title} on {x}
        listen to {title} on {x}
        use {x} to play {title}
        can we have {title} on {x}
        can i have {title} on {x}
        can i hear {title} on {x}
        can i get {title} on {x}
        can we hear {title} on {x}
        can we listen to {title} on {x}
        could we have {title} on {x}
        could i have {title} on {x}
        could we hear some {title} on {x}
        we want to hear {title} on {x}
        we want {title} on {x}
        we'd like {title} on {x}
        i want {title} on {x}
        i'd like {title} on {x}
        i'd love to hear {title} on {x}
        i need {title} on {x}
        i feel like {title} on {x}
        i feel like hearing {title} on {x}
        let me hear {title} on {x}
        let me listen to {title} on {x}
        let us hear {title} on {x}
        let's hear {title} on {x}
        let's have {title} on {x}
        let's listen to {title} on {x}
        let's play {title} on {x}
        give me {title} on {x}
        give us {title} on {x}
        get {title} playing on {x}
        get {title} going on {x}
        get me {title} on {x}
        get {x} to play {title}
        bring up {title} on {x}
        bring me {title} on {x}
        begin playing {title} on {x}
        begin {title} on {x}
        cue up {title} on {x}
        cue {title} on {x}
        fire up {title} on {x}
        go to {title} on {x}
        go with {title} on {x}
        launch {title} on {x}
        load {title} on {x}
        look for {title} on {x} and play it
        look up {title} and play it on {x}
        make it {title} on {x}
        now {title} on {x}
        open {title} on {x}
        pick {title} on {x}
        play me {title} on {x}
        play me some {title} on {x}
        play us {title} on {x}
        play {title} through {x}
        play {title} over {x}
        play {title} using {x}
        play {title} from {x}
        play a bit of {title} on {x}
        play the music {title} on {x}
        put on some {title} on {x}
        put some {title} on {x}
        run {title} on {x}
        select {title} on {x}
        set {x} to play {title}
        set {x} playing {title}
        show {title} on {x}
        spin {title} on {x}
        stream {title} on {x}
        stream {title} to {x}
        switch to {title} on {x}
        switch {x} to {title}
        throw {title} on {x}
        throw on {title} on {x}
        tune {x} to {title}
        turn on {title} on {x}
        turn {title} on on {x}
        {x} should play {title}
        {x} play {title}
        {x}: {title}
        on {x} i want to hear {title}
        on {x} i'd like {title}
        on {x} put on {title}
        how about {title} on {x}
        what about some {title} on {x}
        time for {title} on {x}
        it's time for {title} on {x}
        some {title} on {x}
        a little {title} on {x}
        a bit of {title} on {x}
        is there {title} for {x}, play it
        send {title} to {x}
        hear {title} on {x}
    """),
}
# Without naming a player: there is only one that can be meant.
MEDIA_ALONE: dict[str, Patterns] = {
    "pause": Patterns("""
        pause
        pause the music
        pause it
        pause playback
        hold the music
        pause this
        stop the music for a moment
        stop playing
        put it on pause
        hit pause
        pause what's playing
        stop the music
        let's pause
        let's pause the music
        halt the music
        pause the song
        pause that
        pause for a second
        pause everything that plays
        hold it
        hold the song
        hold playback
        stop it for a moment
        stop the song
        stop this
        stop playback
        stop playing music
        take a break with the music
        wait with the music
        give the music a break
        i want the music paused
        i need a pause from the music
        music on pause
        music off for a moment
        interrupt the music
        freeze the music
        suspend the music
    """),
    "unpause": Patterns("""
        resume
        resume the music
        continue playing
        continue the music
        play on
        unpause
        unpause it
        keep playing
        go on playing
        resume playback
        hit play
        press play
        let it play on
        let's go on with the music
        let the music play
        let the music go on
        let the music play on
        let the song go on
        go on with the music
        go on with the song
        go on
        carry on with the music
        carry on playing
        continue with the music
        continue the song
        continue playback
        pick up where it stopped
        proceed with the music
        start the music again
        start it again
        start playing again
        play again
        play it again from where it was
        get the music going again
        get the music back
        music back on
        the music can go on
        the music may continue
        the music should go on
        i want the music back
        bring the music back
        bring back the music
        end the pause
        resume the song
        resume playing
    """),
    "next": Patterns("""
        next song
        next track
        next
        skip this song
        skip this one
        skip to the next track
        skip this track
        play the next song
        i don't like this song
        not this song
        something else please, next song
        jump to the next track
        the next one
        go to the next song
        another song
        another track
        a different song
        a different track please
        change the song
        change the track
        change this song
        go forward one song
        go on to the next song
        give me the next song
        give me another song
        i want the next song
        i want another song
        i'm tired of this song
        i hate this song
        i've heard this song too often
        jump ahead
        jump to the next song
        let's hear the next one
        let's skip this
        let's skip this one
        move on
        move on to the next song
        move to the next track
        next one
        next one please
        no, not this one, next
        one song ahead
        one song further
        pass on this song
        play another song
        play something else, next song
        play the next one
        play the next track
        skip
        skip ahead
        skip forward
        skip it
        skip the song
        skip that song
        switch to the next song
        the next song
        the next track please
        this song is boring, skip it
    """),
    "previous": Patterns("""
        previous song
        previous track
        go back one song
        go back a track
        play the previous song
        play the last song again
        play that last one again
        what was that last song, play it again
        back to the previous track
        skip back
        last song again
        one song back
        back
        back one song
        back one track
        back to the last song
        back to the song before
        can you go back a song
        can i hear the last song again
        could you play the last one again
        give me the last song again
        go back
        go back one track
        go back to the last song
        go back to the previous one
        go one song back
        i liked the last song, play it again
        i want the previous song
        i want to hear the last one again
        jump back
        jump back one song
        let's hear the last one again
        let's hear that last song again
        one back
        one track back
        play that again
        play the one before
        play the previous one
        play the previous track
        play the song before this one
        play the song from before
        repeat the last song
        repeat the previous track
        rewind to the last song
        step back one song
        switch back to the last song
        the one before
        the previous one
        the previous song please
    """),
    "louder": Patterns("""
        louder
        volume up
        turn it up
        turn up the volume
        turn up the music
        make it louder
        a bit louder
        increase the volume
        raise the volume
        i can't hear the music
        i can't hear it
        the music is too quiet
        crank it up
        pump up the volume
        more volume
        could it be a bit louder
        boost the volume
        bring up the volume
        bring the volume up
        bump up the volume
        can it be louder
        can you make the music louder
        could the music be louder
        could you turn it up
        get it louder
        give me more volume
        give it more volume
        i can barely hear the music
        i can hardly hear the song
        i want it louder
        i want the music louder
        i'd like it a bit louder
        it could be louder
        it should be louder
        it's too quiet
        louder please
        louder music
        make the music louder
        make it a bit louder
        more sound
        music louder
        music up
        play it louder
        play louder
        put the volume up
        sound up
        the music could be louder
        the music should be louder
        the song is too quiet
        the volume is too low
        turn the music up
        turn the sound up
        turn the volume up
        up the volume
        volume a bit up
        volume higher
        we can't hear the music
    """),
    "quieter": Patterns("""
        quieter
        volume down
        turn it down
        turn down the volume
        turn down the music
        make it quieter
        a bit quieter
        decrease the volume
        lower the volume
        the music is too loud
        it's too loud
        it's so loud in here
        not so loud
        keep it down
        less volume
        could it be a bit quieter
        bring down the volume
        bring the volume down
        can it be quieter
        can you make the music quieter
        could the music be quieter
        could you turn it down
        drop the volume
        get it quieter
        give me less volume
        i can't hear myself think
        i want it quieter
        i want the music quieter
        i'd like it a bit quieter
        it could be quieter
        it should be quieter
        it's far too loud
        it's way too loud
        less loud
        less sound
        make it a bit quieter
        make the music quieter
        make it softer
        music down
        music quieter
        my ears hurt, turn it down
        play it quieter
        play it softer
        play softer
        put the volume down
        reduce the volume
        softer
        softer please
        sound down
        the music could be quieter
        the music should be softer
        the song is too loud
        the volume is too high
        tone it down
        turn the music down
        turn the sound down
        turn the volume down
        volume a bit down
        volume lower
    """),
    "volume": Patterns("""
        set the volume to {pct}
        volume {pct}
        volume to {pct}
        turn the volume to {pct}
        change the volume to {pct}
        put the volume at {pct}
        make the volume {pct}
        i want the volume at {pct}
        adjust the volume to {pct}
        {pct} volume
        bring the volume to {pct}
        adjust the sound to {pct}
        get the volume to {pct}
        give me {pct} volume
        go to {pct} volume
        have the volume at {pct}
        i need the volume at {pct}
        i'd like the volume at {pct}
        i'd like {pct} volume
        keep the volume at {pct}
        lower the volume to {pct}
        raise the volume to {pct}
        reduce the volume to {pct}
        increase the volume to {pct}
        let it play at {pct}
        make it {pct} loud
        move the volume to {pct}
        music at {pct}
        music to {pct}
        play it at {pct}
        play at {pct} volume
        put it at {pct} volume
        put the music at {pct}
        put the volume to {pct}
        set it to {pct} volume
        set the music to {pct}
        set the sound to {pct}
        sound at {pct}
        sound to {pct}
        switch the volume to {pct}
        take the volume to {pct}
        the volume should be {pct}
        the volume should be at {pct}
        turn it to {pct} volume
        turn the music (up|down) to {pct}
        turn the sound to {pct}
        volume at {pct}
        volume on {pct}
    """),
    "mute": Patterns("""
        mute
        mute it
        mute the sound
        turn off the sound
        silence
        sound off
        be quiet
        no sound
        turn the sound off
        mute the music
        kill the sound
        shush
        cut the sound
        get the sound off
        go silent
        hush
        i don't want to hear it
        i don't want any sound
        i want silence
        i'm on the phone, mute it
        let it be silent
        make it silent
        mute everything
        mute that
        mute the song
        mute this
        no sound please
        on mute
        put it on mute
        quiet
        shut off the sound
        silence it
        silence please
        silence the music
        sound off please
        stop the sound
        switch off the sound
        switch the sound off
        take the sound away
        the phone is ringing, mute
    """),
    "unmute": Patterns("""
        unmute
        unmute it
        turn the sound back on
        sound on
        turn the sound on
        unmute the sound
        bring back the sound
        give me sound again
        unmute the music
        i want to hear it again
        cancel the mute
        end the mute
        get the sound back
        i want sound again
        i want the sound back
        i'd like to hear it again
        let me hear it again
        let me hear the music again
        make it audible again
        mute off
        off mute
        put the sound back on
        remove the mute
        sound again
        sound back
        sound back on
        sound please
        stop muting
        switch off mute
        switch the sound back on
        switch the sound on
        take it off mute
        the call is over, sound on
        turn mute off
        turn off mute
        turn on the sound
        undo the mute
        we want to hear it again
    """),
    "play": Patterns("""
        play {title}
        play some {title}
        put on {title}
        put on some {title}
        start playing {title}
        i want to hear {title}
        i want to listen to {title}
        i'd like to hear some {title}
        let's listen to {title}
        let's hear {title}
        find {title} and play it
        search for {title} and play it
        can you play {title}
        would you play {title}
        start {title}
        give me {title}
        how about some {title}
        a bit of {title}
        a little {title}
        begin playing {title}
        bring on {title}
        bring up {title}
        can i hear {title}
        can i have some {title}
        can we hear some {title}
        can we have {title}
        could we have {title} on
        could we listen to {title}
        could i hear some {title}
        cue {title}
        do you have {title}, play it
        fire up {title}
        get me some {title}
        get {title} playing
        get {title} going
        go with {title}
        hear {title}
        i want {title}
        i want some {title}
        i need some {title}
        i need {title} now
        i'd like {title}
        i'd like some {title}
        i'd like to listen to {title}
        i'd love some {title}
        i fancy some {title}
        i'm longing for {title}
        it's time for {title}
        launch {title}
        let me hear some {title}
        let me listen to {title}
        let there be {title}
        let's have some {title}
        let's have {title}
        let's play {title}
        let's put on {title}
        listen to {title}
        load {title}
        look for {title} and play it
        make it {title}
        music, {title}
        now play {title}
        open {title}
        pick {title}
        play a bit of {title}
        play a little {title}
        play me {title}
        play me some {title}
        play the music of {title}
        play the song {title}
        play us {title}
        play us some {title}
        please let me hear {title}
        put {title} on
        run {title}
        select {title}
        show me {title}
        show {title}
        some {title}
        some {title} would be nice
        spin {title}
        stream {title}
        stream some {title}
        surprise me with {title}
        switch to {title}
        throw on {title}
        throw on some {title}
        time for some {title}
        tune in to {title}
        turn on {title}
        turn on some {title}
        we want {title}
        we want to listen to {title}
        we'd like to hear {title}
        what about {title}
        what about some {title}
    """),
}
VACUUM: dict[str, Patterns] = {
    "start": Patterns("""
        start {x}
        start vacuuming with {x}
        send {x} to clean
        let {x} clean
        let {x} run
        tell {x} to start cleaning
        have {x} vacuum
        have {x} clean the house
        make {x} clean
        get {x} going
        put {x} to work
        {x} should start cleaning
        {x} clean up
        {x} start cleaning
        time for {x} to clean
        run {x}
        {x} should vacuum
        ask {x} to clean
        send {x} out
        vacuum with {x}
        start cleaning with {x}
        launch {x}
        off you go, {x}, clean
    """),
    "return": Patterns("""
        send {x} home
        send {x} back
        send {x} back to its base
        dock {x}
        tell {x} to return
        stop {x} and dock it
        have {x} return to the dock
        let {x} go home
        {x} go home
        {x} go back to your base
        {x} should go back to its dock
        call {x} back
        bring {x} back to the dock
        {x} can stop cleaning and go home
        get {x} back to its charger
        send {x} to its charging station
        park {x}
        {x} return to base
        make {x} go home
        recall {x}
    """),
    "area": Patterns("""
        have {x} clean {area}
        let {x} clean {area}
        send {x} to {area}
        send {x} to clean {area}
        tell {x} to vacuum {area}
        {x} clean {area}
        {x} should vacuum {area}
        vacuum {area} with {x}
        clean {area} with {x}
        get {x} to clean {area}
        make {x} do {area}
        run {x} in {area}
        ask {x} to clean {area}
        {area} should be cleaned by {x}
        use {x} to vacuum {area}
        let {x} take care of {area}
    """),
    "area_alone": Patterns("""
        vacuum {area}
        clean {area}
        hoover {area}
        sweep {area}
        have {area} vacuumed
        {area} should be vacuumed
        send the vacuum to {area}
        send the robot to {area}
        let the robot clean {area}
        start vacuuming {area}
        clean up {area}
        let the vacuum do {area}
        i want {area} vacuumed
        run the vacuum in {area}
        get {area} cleaned
    """),
    "start_alone": Patterns("""
        start vacuuming
        vacuum the house
        clean the house
        start the vacuum
        start the robot
        let the robot clean
        start cleaning
        vacuum everywhere
        hoover the house
        run the vacuum
        the floors need vacuuming
        the whole house is dusty
        send out the robot
    """),
    "return_alone": Patterns("""
        send the vacuum home
        send the robot home
        stop vacuuming
        dock the vacuum
        send the vacuum back to its base
        the robot can go home
        stop the vacuum and send it back
        call the robot back
        that's enough vacuuming
        enough cleaning for today
        return the vacuum to its dock
        park the robot
    """),
}
LISTS: dict[str, Patterns] = {
    "add": Patterns("""
        add {item} to {list}
        put {item} on {list}
        put {item} onto {list}
        note {item} on {list}
        write {item} on {list}
        write down {item} on {list}
        place {item} on {list}
        {item} on {list}
        {item} to {list}
        {list}: {item}
        include {item} in {list}
        {list} needs {item}
        {list} should have {item} on it
        i need {item} on {list}
        i want {item} on {list}
        append {item} to {list}
        new entry on {list}: {item}
        on {list} put {item}
        add to {list} {item}
        jot down {item} on {list}
        make a note of {item} on {list}
        stick {item} on {list}
        extend {list} with {item}
        don't let me forget {item}, put it on {list}
        can you get {item} on {list}
        {list} should get {item}
        we should have {item} on {list}
        there should be {item} on {list}
        {list} wants {item}
        {item} belongs on {list}
        {item} should be on {list}
        {item} has to be on {list}
        {item} needs to go on {list}
        {item} goes on {list}
        {item} must go on {list}
        {item} is missing from {list}
        {list} is missing {item}
        {list} lacks {item}
        {item} still has to go on {list}
        throw {item} on {list}
        pop {item} on {list}
        get {item} onto {list}
        enter {item} on {list}
        enter {item} into {list}
        register {item} on {list}
        save {item} to {list}
        save {item} on {list}
        record {item} on {list}
        log {item} on {list}
        list {item} on {list}
        slip {item} onto {list}
        set down {item} on {list}
        mark down {item} on {list}
        keep {item} in mind on {list}
        remember {item} for {list}
        remember {item} on {list}
        i want {list} to have {item}
        i need to have {item} on {list}
        let {list} have {item}
        let {item} be on {list}
        have {item} on {list}
        have {item} added to {list}
        have {item} put on {list}
        see that {item} gets on {list}
        make sure {item} is on {list}
        make sure {item} gets onto {list}
        make sure {list} has {item}
        update {list} with {item}
        add an entry {item} to {list}
        add a new entry to {list}, {item}
        add the entry {item} on {list}
        add one more thing to {list}, {item}
        another thing for {list}: {item}
        something for {list}: {item}
        for {list}: {item}
        on {list}: {item}
        {item}, that's for {list}
        {item}, put that on {list}
        {item}, add it to {list}
        {item}, write it on {list}
        i forgot {item}, add it to {list}
        we forgot {item} on {list}
        we're going to need {item}, put it on {list}
        we need {item}, add that to {list}
        i'll want {item}, it should go on {list}
        pencil in {item} on {list}
        pencil {item} onto {list}
        tack {item} onto {list}
        toss {item} on {list}
        drop {item} onto {list}
        could {item} go on {list}
        can {item} go on {list}
        may {list} have {item} too
        and {item} on {list}
        also {item} on {list}
        extra item for {list}: {item}
        next on {list}: {item}
        make {item} an entry of {list}
        make {item} part of {list}
        complete {list} with {item}
        fill {list} up with {item}
    """),
    "remove": Patterns("""
        remove {item} from {list}
        take {item} off {list}
        delete {item} from {list}
        drop {item} from {list}
        strike {item} from {list}
        get rid of {item} on {list}
        {item} doesn't need to be on {list}
        we don't need {item} on {list} anymore
        erase {item} from {list}
        kick {item} off {list}
        {item} can come off {list}
        clear {item} from {list}
        scratch {item} from {list}
        cross out {item} from {list} completely
        remove the entry {item} from {list}
        remove the item {item} on {list}
        delete the entry {item} on {list}
        throw {item} off {list}
        throw {item} out of {list}
        pull {item} from {list}
        pull {item} off {list}
        get {item} off {list}
        get {item} out of {list}
        {item} shouldn't be on {list}
        {item} should not be on {list}
        {item} must not be on {list}
        {item} isn't needed on {list}
        {item} is not needed on {list}
        {item} has no place on {list}
        {item} can go from {list}
        {item} can be deleted from {list}
        {item} can be removed from {list}
        {item} should come off {list}
        {item} should go from {list}
        {item} has to come off {list}
        i don't want {item} on {list}
        i don't want {item} on {list} anymore
        i don't need {item} on {list}
        we no longer need {item} on {list}
        no {item} on {list} please
        no need for {item} on {list}
        no more {item} on {list}
        forget {item} on {list}
        forget about {item} on {list}
        never mind {item} on {list}
        leave {item} off {list}
        lose {item} from {list}
        cut {item} from {list}
        wipe {item} from {list}
        rub {item} off {list}
        rub out {item} on {list}
        cancel {item} on {list}
        discard {item} from {list}
        dump {item} from {list}
        eliminate {item} from {list}
        exclude {item} from {list}
        take {item} out of {list}
        take {item} from {list}
        take away {item} from {list}
        undo {item} on {list}
        let {item} disappear from {list}
        make {item} disappear from {list}
        make sure {item} is not on {list}
        see that {item} comes off {list}
        have {item} removed from {list}
        have {item} taken off {list}
        {list} without {item} please
        {list} doesn't need {item}
        {list} shouldn't have {item} on it
        who put {item} on {list}, remove it
        why is {item} on {list}, take it off
        somebody put {item} on {list}, get it off there
    """),
    "complete": Patterns("""
        tick off {item} on {list}
        check off {item} on {list}
        tick {item} off {list}
        check {item} off {list}
        mark {item} as done on {list}
        mark {item} on {list} as completed
        complete {item} on {list}
        cross {item} off {list}
        {item} on {list} is done
        i've finished {item} on {list}
        {item} is done, tick it off {list}
        set {item} to done on {list}
        i'm done with {item} on {list}
        {item} is done on {list}
        {item} has been done, {list}
        {item} is finished, mark it on {list}
        {item} is taken care of, check it off {list}
        {item} on {list} is finished
        {item} on {list} is taken care of
        {item} on {list} has been done
        {item} on {list} can be ticked
        {item} can be ticked off {list}
        {item} can be checked off on {list}
        {item} should be ticked off on {list}
        i did {item}, tick it on {list}
        i have done {item} on {list}
        i've got {item}, check it off {list}
        i got {item}, tick it off on {list}
        we've got {item}, mark it as done on {list}
        we have {item} now, cross it off {list}
        we did {item} on {list}
        done with {item} on {list}
        done: {item} on {list}
        finished {item} on {list}
        finish {item} on {list}
        mark {item} done on {list}
        mark {item} as finished on {list}
        mark {item} as complete on {list}
        mark off {item} on {list}
        put a check next to {item} on {list}
        put a tick next to {item} on {list}
        put a checkmark on {item} on {list}
        give {item} a tick on {list}
        check {item} on {list}
        tick {item} on {list}
        set {item} as done on {list}
        set {item} on {list} as completed
        set {item} to completed on {list}
        set {item} as finished on {list}
        change {item} to done on {list}
        change {item} on {list} to done
        have {item} ticked off on {list}
        make {item} done on {list}
        note that {item} on {list} is done
        note {item} as done on {list}
        record {item} as done on {list}
        let {list} know that {item} is done
        you can tick {item} off {list}
        you can check off {item} on {list}
        {list}: {item} is done
        {list}, {item} done
    """),
}
SCENES: dict[str, Patterns] = {
    "scene": Patterns("""
        activate {x}
        activate the {bare} scene
        turn on the {bare} scene
        set the {bare} scene
        start the {bare} scene
        switch to the {bare} scene
        switch to {bare}
        scene {bare}
        {bare} scene
        {bare} mode
        i want the {bare} scene
        let's have the {bare} scene
        put the house in {bare} mode
        make it {bare}
        it's {bare} time
        apply the {bare} scene
        go to the {bare} scene
        load the {bare} scene
        set the mood to {bare}
        set the house to {bare}
        use the {bare} scene
        enable the {bare} scene
        bring up the {bare} scene
        bring us the {bare} scene
        call the {bare} scene
        can we have the {bare} scene
        change to the {bare} scene
        do the {bare} scene
        get the {bare} scene going
        give me the {bare} scene
        give us {bare}
        have the {bare} scene
        i feel like {bare}
        i need the {bare} scene
        i'd like the {bare} scene
        i'd like {bare} now
        it should be {bare}
        launch the {bare} scene
        let it be {bare}
        let's go {bare}
        make it the {bare} scene
        play the {bare} scene
        prepare the house for {bare}
        put on the {bare} scene
        run the {bare} scene
        set {bare}
        set everything up for {bare}
        set scene {bare}
        set up the {bare} scene
        show me the {bare} scene
        start {bare}
        switch on the {bare} scene
        the {bare} scene now
        time for {bare}
        trigger the {bare} scene
        turn {bare} on
        we want the {bare} scene
    """),
    "script": Patterns("""
        run {bare}
        run the {bare} script
        start the {bare} script
        execute {bare}
        execute the {bare} script
        start the {bare} routine
        do the {bare} routine
        run the {bare} routine
        launch {bare}
        trigger {bare}
        kick off {bare}
        carry out {bare}
        run the script {bare}
        start {bare}
        let's do {bare}
        call the {bare} script
        activate the {bare} script
        begin {bare}
        begin the {bare} routine
        can you run {bare}
        do {bare}
        fire off {bare}
        get {bare} going
        get {bare} started
        go through the {bare} routine
        go with {bare}
        have {bare} run
        i need {bare} to run
        i want {bare} to run
        i want you to do {bare}
        i'd like {bare} to run
        it's time for {bare}
        let {bare} run
        let's run {bare}
        make {bare} happen
        now {bare}
        play {bare}
        perform {bare}
        please do {bare}
        process {bare}
        set {bare} going
        set off {bare}
        start up {bare}
        the {bare} routine please
        time for {bare}
        turn on {bare}
    """),
    "button": Patterns("""
        press {x}
        push {x}
        press the {bare} button
        push the {bare} button
        hit {x}
        trigger {x}
        activate {x}
        tap {x}
        click {x}
        use {x}
        fire {x}
        press down on {x}
        give {x} a press
        actuate {x}
        can you press {x}
        do {x}
        get {x} pressed
        go press {x}
        have {x} pressed
        i need {x} pressed
        i want {x} pressed
        i'd like {x} pressed
        let's press {x}
        make {x} click
        poke {x}
        press {x} once
        press {x} one time
        press {x} for me
        push {x} once
        somebody should press {x}
        touch {x}
        turn on {x}
    """),
}
START = Patterns("""
    set a timer for {length}
    set a {length} timer
    start a timer for {length}
    start a {length} timer
    timer for {length}
    timer {length}
    {length} timer
    set timer {length}
    make a timer for {length}
    begin a timer of {length}
    create a timer for {length}
    put {length} on the timer
    put a timer on for {length}
    i need a timer for {length}
    i want a timer for {length}
    give me {length} on the timer
    count down {length}
    countdown {length}
    start counting down {length}
    wake me in {length}
    tell me when {length} are over
    let me know when {length} have passed
    ring in {length}
    beep in {length}
    remind me in {length}
    time {length}
    alert me in {length}
    set the timer for {length}
    set the timer to {length}
    can you time {length}
    another timer for {length}
    new timer, {length}
    call me in {length}
""")
START_NAMED = Patterns("""
    set a {name} timer for {length}
    set a timer for {length} for the {name}
    set a {length} timer for the {name}
    set a timer called {name} for {length}
    start a {name} timer for {length}
    start the {name} timer for {length}
    start a {length} {name} timer
    {name} timer {length}
    {name} timer for {length}
    timer for the {name}, {length}
    timer called {name}, {length}
    i need a {name} timer for {length}
    create a timer named {name} for {length}
    the {name} needs {length}, set a timer
    put {length} on the {name} timer
    make a {length} timer named {name}
    remind me of the {name} in {length}
    the {name} will take {length}, start a timer
    time the {name}, {length}
    name it {name}, a timer for {length}
    a {length} timer called {name}
    a {length} timer for the {name}
    a timer named {name} for {length}
    a {name} timer for {length}
    add a {name} timer of {length}
    begin a {name} timer of {length}
    call it {name}, a timer of {length}
    can i have a {name} timer for {length}
    count down {length} for the {name}
    for the {name} set {length}
    for the {name} i need {length}
    give me {length} for the {name}
    give the {name} {length}
    i need {length} for the {name}
    i want a {name} timer of {length}
    let me know when the {name} has had {length}
    new timer {name} for {length}
    new {name} timer, {length}
    set {length} for the {name}
    set {length} on the {name} timer
    set the {name} timer for {length}
    set the {name} timer to {length}
    set up a {name} timer for {length}
    start {length} for the {name}
    start a timer called {name} with {length}
    start counting {length} for the {name}
    tell me when the {name} is done in {length}
    the {name} gets {length}
    the {name} timer for {length}
    {length} for the {name}
    {length} on the {name} timer
    {name} in {length}
""")
TIMERS: dict[str, Patterns] = {
    "cancel": Patterns("""
        cancel {timer}
        stop {timer}
        delete {timer}
        end {timer}
        abort {timer}
        clear {timer}
        forget {timer}
        turn off {timer}
        i don't need {timer} anymore
        remove {timer}
        kill {timer}
        never mind {timer}
        get rid of {timer}
        no need for {timer} anymore
        call off {timer}
        cut {timer}
        {timer} can go
        {timer} can be cancelled
        {timer} isn't needed anymore
        {timer} off
        ditch {timer}
        discard {timer}
        don't need {timer}
        drop {timer}
        finish {timer}
        forget about {timer}
        have {timer} cancelled
        i want {timer} gone
        i want {timer} cancelled
        let go of {timer}
        make {timer} stop for good
        scrap {timer}
        scratch {timer}
        shut off {timer}
        stop and delete {timer}
        terminate {timer}
        throw away {timer}
        throw out {timer}
        undo {timer}
        we don't need {timer} anymore
        you can cancel {timer}
        you can stop {timer}
    """),
    "pause": Patterns("""
        pause {timer}
        hold {timer}
        put {timer} on hold
        freeze {timer}
        stop {timer} for a moment
        halt {timer} for now
        suspend {timer}
        make {timer} wait
        interrupt {timer}
        pause the countdown of {timer}
        hold {timer} for a moment
        hold on with {timer}
        keep {timer} waiting
        let {timer} pause
        let {timer} wait
        let {timer} rest for a moment
        pause {timer} for now
        pause {timer} for a moment
        set {timer} to pause
        stop {timer} for now
        stop {timer} temporarily
        stop the countdown of {timer} for a moment
        take a break with {timer}
        wait with {timer}
        {timer} on hold
        {timer} on pause
        {timer} should pause
        {timer} should wait
        give {timer} a break
        i need {timer} paused
        i want {timer} on hold
    """),
    "unpause": Patterns("""
        resume {timer}
        continue {timer}
        unpause {timer}
        let {timer} run on
        start {timer} again
        let {timer} continue
        carry on with {timer}
        restart {timer} where it stopped
        take {timer} off hold
        keep {timer} going
        {timer} can go on
        {timer} can continue
        {timer} should go on
        {timer} should run on
        bring {timer} back
        end the pause of {timer}
        get {timer} going again
        get {timer} running again
        go on with {timer}
        have {timer} continue
        let {timer} go on
        let {timer} run again
        make {timer} continue
        make {timer} go on
        pick {timer} up again
        proceed with {timer}
        set {timer} going again
        start {timer} back up
        start {timer} up again
        stop pausing {timer}
        take {timer} off pause
        the pause is over for {timer}
        unfreeze {timer}
        i want {timer} to go on
    """),
    "status": Patterns("""
        how much time is left on {timer}
        how long is left on {timer}
        how long does {timer} still have
        how long until {timer} goes off
        when does {timer} go off
        what is the status of {timer}
        how is {timer} doing
        time left on {timer}
        check {timer}
        how many minutes are left on {timer}
        is {timer} still running
        when is {timer} done
        how far along is {timer}
        is there much left on {timer}
        and {timer}, how long still
        can you check {timer}
        does {timer} have long to go
        for how long does {timer} still run
        give me the time left on {timer}
        give me the status of {timer}
        has {timer} got much left
        how are we doing on {timer}
        how long does {timer} have left
        how long does {timer} run
        how long is {timer} going to take
        how long still on {timer}
        how long till {timer} rings
        how much is left of {timer}
        how much longer does {timer} run
        how much longer on {timer}
        how much time does {timer} have
        how much time remains on {timer}
        how soon does {timer} end
        i want to know the time left on {timer}
        in how many minutes does {timer} end
        is {timer} almost done
        is {timer} over soon
        remaining time on {timer}
        status of {timer}
        tell me about {timer}
        tell me how long {timer} has
        tell me the time left on {timer}
        what does {timer} say
        what's left on {timer}
        what's the time on {timer}
        what's the remaining time of {timer}
        when will {timer} be done
        when will {timer} go off
        when will {timer} end
        where is {timer} at
        will {timer} be done soon
    """),
    "more": Patterns("""
        add {length} to {timer}
        add another {length} to {timer}
        extend {timer} by {length}
        give {timer} {length} more
        increase {timer} by {length}
        put {length} more on {timer}
        {length} more on {timer}
        {timer} needs {length} more
        make {timer} {length} longer
        prolong {timer} by {length}
        lengthen {timer} by {length}
        {length} longer for {timer}
        let {timer} run {length} longer
        add on {length} to {timer}
        an extra {length} for {timer}
        another {length} for {timer}
        another {length} on {timer}
        give another {length} to {timer}
        give {timer} an extra {length}
        give {timer} another {length}
        have {timer} run {length} longer
        i need {length} more on {timer}
        i want {length} more on {timer}
        keep {timer} going for another {length}
        let {timer} go {length} longer
        let {timer} have {length} more
        plus {length} on {timer}
        push {timer} back by {length}
        put another {length} on {timer}
        raise {timer} by {length}
        run {timer} for {length} more
        stretch {timer} by {length}
        tack {length} onto {timer}
        {timer} plus {length}
        {timer} for another {length}
        {timer} should run {length} longer
        {timer} another {length}
        {length} extra on {timer}
        {length} on top of {timer}
    """),
    "less": Patterns("""
        take {length} off {timer}
        remove {length} from {timer}
        shorten {timer} by {length}
        reduce {timer} by {length}
        decrease {timer} by {length}
        make {timer} {length} shorter
        {length} less on {timer}
        cut {timer} by {length}
        subtract {length} from {timer}
        {timer} should be {length} shorter
        bring {timer} down by {length}
        deduct {length} from {timer}
        drop {length} from {timer}
        end {timer} {length} earlier
        get {timer} down by {length}
        give {timer} {length} less
        have {timer} end {length} earlier
        i want {length} less on {timer}
        knock {length} off {timer}
        let {timer} be {length} shorter
        let {timer} end {length} sooner
        lower {timer} by {length}
        make {timer} end {length} earlier
        minus {length} on {timer}
        shave {length} off {timer}
        take {length} away from {timer}
        take {length} from {timer}
        trim {timer} by {length}
        turn {timer} down by {length}
        {timer} minus {length}
        {timer} {length} shorter
        {timer} {length} less
        {length} off {timer}
    """),
}
CANCEL_ALL = Patterns("""
    cancel all timers
    cancel all [of] my timers
    stop all timers
    delete all timers
    clear all timers
    cancel every timer
    get rid of all timers
    end all timers
    remove all the timers
    stop every timer
    no more timers
    turn off all timers
    i don't need any timers anymore
    kill all timers
""")
CANCEL_ALL_IN = Patterns("""
    cancel all timers {place}
    stop all timers {place}
    clear the timers {place}
    cancel every timer {place}
    delete all the timers {place}
    {place} cancel all timers
    end all timers {place}
    remove the timers {place}
""")
STATUS_ALL = Patterns("""
    what timers are running
    which timers are running
    how are my timers doing
    list my timers
    are there any timers
    are any timers running
    what are my timers
    do i have any timers
    status of the timers
    tell me about my timers
    timer status
    how much time is left
    show me the timers
    are there timers running
""")
