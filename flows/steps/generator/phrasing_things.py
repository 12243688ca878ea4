"""What people say to one thing, or to several at once: ``{x}`` is the thing as it is called, with its article.

``DO`` are commands that courtesies and "could you" go around; ``SAY`` are whole sentences that stand alone. Keys are actions.
"""

from __future__ import annotations

from flows.steps.generator.patterns import Patterns

_ON = """
    turn on {x}
    turn {x} on
    switch on {x}
    switch {x} on
    put on {x}
    put {x} on
    power on {x}
    power up {x}
    power {x} on
    activate {x}
    get {x} going
    enable {x}
    fire up {x}
    flip on {x}
    flip {x} on
    flick {x} on
    set {x} to on
    click {x} on
    bring {x} on
    make sure {x} is on
    make sure {x} gets turned on
    see that {x} is on
    have {x} on
    get {x} on
    get {x} turned on
    use {x}
    turn on {x} and leave it on
    change {x} to on
    hit the switch for {x}
    go and turn on {x}
    wake up {x}
"""
_ON_SAY = """
    {bare} on
    {x} on
    on with {x}
    i need {x} on
    i want {x} on
    i'd like {x} on
    i want {x} (switched|turned) on
    i'd like to have {x} on
    {x} needs to be on
    {x} should be on
    {x} has to go on
    {x} is off and i need it on
    (can|could) we have {x} on
    would you mind (turning|switching) on {x}
    would you mind turning {x} on
    how about turning on {x}
    what about (turning|switching) {x} on
    (can|may) i have {x} on
    turning on {x} would be (nice|great|good)
    it would be (nice|great) to have {x} on
    you forgot to turn on {x}
    why is {x} still off, turn it on
    {x}, turn it on
    {x}: on
    time for {x} to come on
    it's time to turn on {x}
    somebody should turn on {x}
    we'll need {x} on
    {x} must be on
    i forgot to turn on {x}
"""
_OFF = """
    turn off {x}
    turn {x} off
    switch off {x}
    switch {x} off
    put off {x}
    power off {x}
    power down {x}
    power {x} off
    power {x} down
    deactivate {x}
    disable {x}
    shut off {x}
    shut {x} off
    shut down {x}
    shut {x} down
    cut {x}
    cut the power to {x}
    kill {x}
    flip off {x}
    flip {x} off
    flick {x} off
    set {x} to off
    click {x} off
    make sure {x} is off
    make sure {x} gets turned off
    see that {x} is off
    have {x} off
    get {x} turned off
    turn off {x} and leave it off
    change {x} to off
    go and turn off {x}
    knock off {x}
"""
_OFF_SAY = """
    {bare} off
    {x} off
    off with {x}
    i want {x} off
    i'd like {x} off
    i want {x} (switched|turned) off
    i don't need {x} (anymore|any more|any longer)
    we don't need {x} (anymore|any more|any longer)
    no need for {x} (now|anymore)
    {x} can go off
    {x} can be turned off
    {x} should be off
    {x} needs to be off
    {x} has been on for too long
    {x} is still on, turn it off
    would you mind (turning|switching) off {x}
    would you mind turning {x} off
    how about turning off {x}
    what about (turning|switching) {x} off
    who left {x} on
    somebody left {x} on
    someone left {x} on again
    why is {x} still on
    i (left|think i left) {x} on
    you left {x} on
    i forgot to turn off {x}
    we're done with {x}
    i'm done with {x}
    that's enough of {x}
    {x}, turn it off
    {x}: off
    it's time to turn off {x}
    {x} doesn't need to be on
    enough of {x}
    nobody needs {x} right now
    {x} is wasting power
"""
_OPEN = """
    open {x}
    open up {x}
    get {x} open
    open {x} all the way
    open {x} completely
    open {x} fully
    fully open {x}
    make sure {x} is open
    see that {x} is open
    let {x} open
    put {x} open
    have {x} open
    go and open {x}
    set {x} to open
    change {x} to open
    bring {x} open
"""
_OPEN_SAY = """
    {bare} open
    {x} open
    i want {x} open
    i'd like {x} open
    i need {x} (open|opened)
    {x} should be open
    {x} needs to be open
    {x} needs opening
    would you mind opening {x}
    how about opening {x}
    what about opening {x}
    {x} is closed and i want it open
    why is {x} still closed
    why is {x} closed, open it
    (can|could) we have {x} open
    opening {x} would be (nice|great)
    it's time to open {x}
    {x}, open it
    i forgot to open {x}
    somebody should open {x}
"""
_CLOSE = """
    close {x}
    close up {x}
    shut {x}
    get {x} closed
    get {x} shut
    close {x} all the way
    close {x} completely
    fully close {x}
    make sure {x} is closed
    make sure {x} is shut
    see that {x} is closed
    let {x} close
    put {x} closed
    have {x} closed
    go and close {x}
    set {x} to closed
    pull {x} shut
    keep {x} shut
"""
_CLOSE_SAY = """
    {bare} closed
    {x} closed
    {bare} shut
    i want {x} (closed|shut)
    i'd like {x} (closed|shut)
    i need {x} (closed|shut)
    {x} should be (closed|shut)
    {x} needs closing
    would you mind closing {x}
    would you mind shutting {x}
    how about closing {x}
    what about closing {x}
    {x} is still open, close it
    why is {x} still open
    who left {x} open
    somebody left {x} open
    i (left|think i left) {x} open
    i forgot to close {x}
    it's time to close {x}
    {x}, close it
    {x} shouldn't be open
    i don't want {x} open
"""
_SHADE_OPEN = """
    raise {x}
    pull up {x}
    pull {x} up
    roll up {x}
    roll {x} up
    lift {x}
    draw back {x}
    wind up {x}
    let the light in through {x}
    put {x} up
    move {x} up
    bring {x} up
"""
_SHADE_CLOSE = """
    lower {x}
    pull down {x}
    pull {x} down
    roll down {x}
    roll {x} down
    let down {x}
    let {x} down
    drop {x}
    draw {x}
    wind down {x}
    put {x} down
    move {x} down
    bring {x} down
"""
_LOCK = """
    lock {x}
    lock up {x}
    lock {x} up
    bolt {x}
    secure {x}
    get {x} locked
    make sure {x} is locked
    make sure {x} gets locked
    see that {x} is locked
    set {x} to locked
    engage {x}
    keep {x} locked
    put {x} in the locked position
    have {x} locked
    go and lock {x}
    double check and lock {x}
"""
_LOCK_SAY = """
    {bare} locked
    i want {x} locked
    i'd like {x} locked
    i need {x} locked
    {x} should be locked
    {x} needs locking
    {x} needs to be locked
    would you mind locking {x}
    how about locking {x}
    i forgot to lock {x}
    i think i left {x} unlocked
    who left {x} unlocked
    somebody left {x} unlocked
    {x} is unlocked, lock it
    why is {x} still unlocked
    {x} shouldn't be unlocked
    it's time to lock {x}
    {x}, lock it
"""
_UNLOCK = """
    unlock {x}
    unbolt {x}
    get {x} unlocked
    make sure {x} is unlocked
    set {x} to unlocked
    disengage {x}
    release {x}
    have {x} unlocked
    go and unlock {x}
    take the lock off {x}
    see that {x} is unlocked
    keep {x} unlocked
    undo {x}
"""
_UNLOCK_SAY = """
    {bare} unlocked
    i want {x} unlocked
    i'd like {x} unlocked
    i need {x} unlocked
    {x} should be unlocked
    {x} needs to be unlocked
    {x} needs unlocking
    would you mind unlocking {x}
    how about unlocking {x}
    i forgot to unlock {x}
    why is {x} still locked
    {x} is locked, unlock it
    it's time to unlock {x}
    {x}, unlock it
    somebody locked {x}, undo that
"""
_BRIGHTNESS = """
    set {x} to {pct}
    set {x} to {pct} brightness
    set the brightness of {x} to {pct}
    set {x} brightness to {pct}
    set {bare} to {pct}
    dim {x} to {pct}
    brighten {x} to {pct}
    turn {x} (up|down) to {pct}
    turn on {x} at {pct}
    turn {x} on to {pct}
    put {x} at {pct}
    put {x} on {pct}
    bring {x} (up|down) to {pct}
    change {x} to {pct}
    change the brightness of {x} to {pct}
    make {x} {pct} bright
    adjust {x} to {pct}
    adjust the brightness of {x} to {pct}
    light {x} at {pct}
    run {x} at {pct}
    take {x} to {pct}
    go to {pct} on {x}
    have {x} at {pct}
    lower {x} to {pct}
    raise {x} to {pct}
    set the light level of {x} to {pct}
    switch {x} to {pct}
"""
_BRIGHTNESS_SAY = """
    {bare} {pct}
    {x} {pct}
    {x} at {pct}
    {bare} to {pct}
    {pct} on {x}
    {pct} for {x}
    i want {x} at {pct}
    i'd like {x} at {pct}
    {x} should be at {pct}
    brightness of {x} {pct}
    {bare} brightness {pct}
    would you mind setting {x} to {pct}
    how about {pct} for {x}
    {x} to {pct} brightness
    i need {x} at {pct}
"""
_FULL = """
    set {x} to full brightness
    turn {x} all the way up
    set {x} to maximum
    make {x} as bright as (it goes|possible|it can be)
    turn {x} up to full
    crank {x} up to the max
    put {x} on full
    bring {x} to full brightness
    give {x} full brightness
    maximum brightness on {x}
"""
_DIMMEST = """
    set {x} to half brightness
    dim {x} to half
    turn {x} down to half
    put {x} at half
    bring {x} to half brightness
    make {x} half as bright as full
    halfway on {x}
    run {x} at half brightness
"""
_COLOR = """
    set {x} to {color}
    turn {x} {color}
    make {x} {color}
    change {x} to {color}
    change the color of {x} to {color}
    change the colour of {x} to {color}
    set the color of {x} to {color}
    set the colour of {x} to {color}
    switch {x} to {color}
    color {x} {color}
    light {x} in {color}
    put {x} on {color}
    give {x} a {color} color
    let {x} glow {color}
    let {x} shine {color}
    paint {x} {color}
    have {x} in {color}
    get {x} to be {color}
    go {color} on {x}
"""
_COLOR_SAY = """
    {bare} {color}
    {x} in {color}
    {bare} to {color}
    {color} for {x}
    {color} light on {x}
    i want {x} (in|to be) {color}
    i'd like {x} (in|to be) {color}
    i want {color} light from {x}
    {x} should be {color}
    would you mind making {x} {color}
    how about {color} for {x}
    i feel like {color} on {x}
"""
_KELVIN = """
    set {x} to {kelvin} kelvin
    set the color temperature of {x} to {kelvin} kelvin
    set the colour temperature of {x} to {kelvin}
    change {x} to {kelvin} kelvin
    make {x} {kelvin} kelvin
    put {x} on {kelvin} kelvin
    turn {x} to {kelvin} k
    adjust {x} to {kelvin} kelvin
    switch {x} to {kelvin} kelvin
    set {x} to {kelvin} k
    bring {x} to {kelvin} kelvin
"""
_WHITE = """
    set {x} to {white}
    make {x} {white}
    change {x} to {white}
    turn {x} {white}
    switch {x} to {white}
    put {x} on {white}
    light {x} in {white}
    give {x} a {white} light
    let {x} shine {white}
    have {x} in {white}
"""
_POSITION = """
    set {x} to {pct}
    open {x} to {pct}
    move {x} to {pct}
    put {x} at {pct}
    set {x} to {pct} open
    open {x} {pct}
    bring {x} to {pct}
    set the position of {x} to {pct}
    position {x} at {pct}
    raise {x} to {pct}
    lower {x} to {pct}
    have {x} {pct} open
    leave {x} {pct} open
    make {x} {pct} open
    adjust {x} to {pct}
    change {x} to {pct}
    take {x} to {pct}
"""
_POSITION_SAY = """
    {bare} {pct}
    {x} at {pct}
    {x} {pct} open
    {bare} to {pct}
    i want {x} {pct} open
    i'd like {x} {pct} open
    {x} should be {pct} open
    {pct} on {x}
    would you mind opening {x} to {pct}
    how about {x} at {pct}
"""
_HALF_OPEN = """
    open {x} halfway
    open {x} half way
    put {x} half open
    set {x} to half
    half open {x}
    close {x} halfway
    leave {x} half open
    bring {x} to the middle
    move {x} to halfway
"""
_STOP = """
    stop {x}
    stop {x} right there
    stop moving {x}
    halt {x}
    freeze {x}
    hold {x}
    hold {x} there
    make {x} stop
    pause {x}
    stop {x} from moving
"""
_SPEED = """
    set {x} to {pct}
    set the speed of {x} to {pct}
    set {x} to {pct} speed
    turn {x} (up|down) to {pct}
    run {x} at {pct}
    put {x} at {pct}
    put {x} on {pct}
    change {x} to {pct}
    change the speed of {x} to {pct}
    let {x} spin at {pct}
    bring {x} to {pct}
    adjust {x} to {pct}
    have {x} at {pct}
    slow {x} down to {pct}
    speed {x} up to {pct}
    turn on {x} at {pct}
"""
_SPEED_SAY = """
    {bare} {pct}
    {x} at {pct}
    {bare} speed {pct}
    {bare} to {pct}
    i want {x} at {pct}
    i'd like {x} at {pct}
    {x} should run at {pct}
    {pct} on {x}
    would you mind setting {x} to {pct}
    how about {pct} for {x}
"""
_FASTEST = """
    set {x} to full speed
    run {x} at full speed
    turn {x} all the way up
    put {x} on maximum
    crank {x} up to full
    let {x} run at full power
    set {x} to maximum speed
    give {x} full speed
    {x} at full blast
"""
_TEMPERATURE = """
    set {x} to {deg}
    set the temperature of {x} to {deg}
    set {bare} to {deg}
    turn {x} (up|down) to {deg}
    change {x} to {deg}
    change the temperature of {x} to {deg}
    put {x} at {deg}
    put {x} on {deg}
    adjust {x} to {deg}
    bring {x} to {deg}
    make {x} heat to {deg}
    have {x} at {deg}
    keep {x} at {deg}
    let {x} go to {deg}
    set the target of {x} to {deg}
    raise {x} to {deg}
    lower {x} to {deg}
    move {x} to {deg}
    run {x} at {deg}
    switch {x} to {deg}
"""
_TEMPERATURE_SAY = """
    {bare} {deg}
    {x} {deg}
    {bare} to {deg}
    {x} at {deg}
    {deg} on {x}
    i want {x} at {deg}
    i'd like {x} at {deg}
    {x} should be at {deg}
    would you mind setting {x} to {deg}
    how about {deg} on {x}
    i want {deg} from {x}
    temperature of {x} {deg}
"""
_FAN_MODE = """
    set {x} fan to {mode}
    set the fan of {x} to {mode}
    set the fan mode of {x} to {mode}
    change the fan mode of {x} to {mode}
    put the fan of {x} on {mode}
    turn the fan of {x} to {mode}
    switch the fan mode on {x} to {mode}
    switch {x} fan to {mode}
    run the fan of {x} on {mode}
    use the {mode} fan mode on {x}
    change {x} to fan mode {mode}
"""

DO: dict[str, Patterns] = {
    "on": Patterns(_ON),
    "off": Patterns(_OFF),
    "open": Patterns(_OPEN),
    "close": Patterns(_CLOSE),
    "raise": Patterns(_SHADE_OPEN),
    "lower": Patterns(_SHADE_CLOSE),
    "lock": Patterns(_LOCK),
    "unlock": Patterns(_UNLOCK),
    "brightness": Patterns(_BRIGHTNESS),
    "full": Patterns(_FULL),
    "half": Patterns(_DIMMEST),
    "color": Patterns(_COLOR),
    "kelvin": Patterns(_KELVIN),
    "white": Patterns(_WHITE),
    "position": Patterns(_POSITION),
    "halfway": Patterns(_HALF_OPEN),
    "stop": Patterns(_STOP),
    "speed": Patterns(_SPEED),
    "fastest": Patterns(_FASTEST),
    "temperature": Patterns(_TEMPERATURE),
    "fan_mode": Patterns(_FAN_MODE),
}
SAY: dict[str, Patterns] = {
    "on": Patterns(_ON_SAY),
    "off": Patterns(_OFF_SAY),
    "open": Patterns(_OPEN_SAY),
    "close": Patterns(_CLOSE_SAY),
    "lock": Patterns(_LOCK_SAY),
    "unlock": Patterns(_UNLOCK_SAY),
    "brightness": Patterns(_BRIGHTNESS_SAY),
    "color": Patterns(_COLOR_SAY),
    "position": Patterns(_POSITION_SAY),
    "speed": Patterns(_SPEED_SAY),
    "temperature": Patterns(_TEMPERATURE_SAY),
}
# What is said of lights only.
LIGHT_ON = Patterns("""
    light up {x}
    light {x}
    light {x} up
    put some light on with {x}
    give me some light from {x}
    get {x} lit
    make {x} shine
    make {x} glow
    let {x} shine
""")
LIGHT_OFF = Patterns("""
    put out {x}
    put {x} out
    douse {x}
    extinguish {x}
    blow out {x}
    make {x} dark
    let {x} go dark
    lights out on {x}
    black out {x}
""")

# What is said of machines, never of players: those start and stop something else.
RUN = Patterns("""
    start {x}
    start up {x}
    get {x} running
    let {x} run
    start {x} running
    run {x}
    kick off {x}
""")
HALT = Patterns("""
    stop {x}
    stop {x} from running
    halt {x}
    make {x} stop
    bring {x} to a stop
    let {x} rest
""")

# Two things of opposite wishes in one breath: ``{a}`` and ``{b}`` are things with their articles.
ON_AND_OFF = Patterns("""
    turn {a} on and {b} off
    switch {a} on and {b} off
    turn on {a} and turn off {b}
    {a} on, {b} off
    put {a} on and {b} off
    turn on {a} but turn off {b}
    i want {a} on and {b} off
    {a} on and {b} off
    swap, {a} on and {b} off
    instead of {b}, turn on {a}
    use {a} instead of {b}
""")
