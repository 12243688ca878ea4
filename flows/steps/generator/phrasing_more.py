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
